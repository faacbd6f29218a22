"""What leaves the house: senders of the outbox over webhook, CAP, MQTT and e-mail."""
