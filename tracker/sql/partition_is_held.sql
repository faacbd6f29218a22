SELECT EXISTS (
    SELECT FROM legal_hold WHERE lifted_at IS NULL AND during && tstzrange($1::timestamptz, $2::timestamptz)
)
