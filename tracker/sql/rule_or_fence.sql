SELECT EXISTS (SELECT FROM rule WHERE ref = $1 AND disabled_at IS NULL) AS rule,
       EXISTS (SELECT FROM fence WHERE ref = $1) AS fence
