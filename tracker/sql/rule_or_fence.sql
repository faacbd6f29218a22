-- Whether a rule and a fence are called so ($1); also a rule that is off, where a version is meant ($2).
SELECT EXISTS (SELECT FROM rule WHERE ref = $1 AND (disabled_at IS NULL OR $2::boolean)) AS rule,
       EXISTS (SELECT FROM fence WHERE ref = $1) AS fence
