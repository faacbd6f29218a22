-- What an empty service needs; partitions are daily from the first of this month on.
INSERT INTO feed (id) VALUES (0), (1) ON CONFLICT DO NOTHING;
INSERT INTO installation (id, name, daily_from)
VALUES (1, '{"en": "Milepost", "zh-Hant": "Milepost"}', date_trunc('month', milepost_now())::date)
ON CONFLICT DO NOTHING;
