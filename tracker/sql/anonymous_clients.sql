SELECT demo OR NOT EXISTS (SELECT FROM device WHERE password_hash IS NOT NULL) FROM installation
