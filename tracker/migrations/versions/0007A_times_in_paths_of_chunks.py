"""Paths of chunks carry the time of each fix."""

from alembic import op
from geoalchemy2 import Geometry

revision = "0007A"
down_revision = "0007C"
branch_labels = None
depends_on = None

_WAY = """
CREATE FUNCTION timed_way(vehicle integer, first timestamptz, last timestamptz) RETURNS geometry
    LANGUAGE sql STABLE AS $$
    SELECT CASE count(*) WHEN 1 THEN (array_agg(f.at))[1]
                ELSE ST_MakeLine(f.at ORDER BY ST_M(f.at)) END
    FROM (
        SELECT ST_SetSRID(ST_MakePointM(
                   ST_X(geom), ST_Y(geom), (extract(epoch FROM fixed_at) * 1000)::bigint
               ), 4326) AS at
        FROM fix
        WHERE vehicle_id = vehicle AND fixed_at BETWEEN first AND last AND NOT implausible
    ) AS f
$$
"""
#: A chunk whose fixes have all left was about to leave too.
_GONE = """
DELETE FROM track_chunk AS c
WHERE NOT EXISTS (
    SELECT FROM fix AS f
    WHERE f.vehicle_id = c.vehicle_id AND f.fixed_at BETWEEN c.started_at AND c.ended_at
      AND NOT f.implausible
)
"""


def upgrade() -> None:
    """Go one revision forward: a minute or two for each ten million fixes."""
    op.execute(_WAY)
    op.execute(_GONE)
    op.alter_column(
        "track_chunk",
        "path",
        existing_nullable=False,
        type_=Geometry("GEOMETRYM", dimension=3, srid=4326, spatial_index=False),
        postgresql_using="timed_way(vehicle_id, started_at, ended_at)",
    )
    op.execute("DROP FUNCTION timed_way(integer, timestamptz, timestamptz)")
