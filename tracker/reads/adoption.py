"""How far the government has come with the platform."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from tracker.models import Application, Cluster, Department, Vehicle
from tracker.reads.session import Row, Scope


async def adoption(scope: Scope) -> Row:
    """departments, implemented, being_built, planned (applications of the whole government),
    vehicles (of this scope), clusters: [{cluster, name, implemented, being_built, planned}]."""
    by_cluster = [
        {"cluster": row.ref, "name": row.name, **_stages(row.stages)}
        for row in await scope.execute(
            select(Cluster.ref, Cluster.name, func.array_agg(Application.stage).label("stages"))
            .join(Application, Application.cluster_id == Cluster.id)
            .group_by(Cluster.id)
            .order_by(Cluster.id)
        )
    ]
    stages = (await scope.scalars(select(Application.stage))).all()
    return {
        "departments": await scope.scalar(select(func.count()).select_from(Department)),
        **_stages(stages),
        "vehicles": await scope.scalar(
            select(func.count()).select_from(Vehicle).where(Vehicle.retired_at.is_(None))
        ),
        "clusters": by_cluster,
    }


def _stages(stages: Sequence[str]) -> dict[str, int]:
    return {stage: stages.count(stage) for stage in ("implemented", "being_built", "planned")}
