DELETE FROM backtest WHERE asked_at < milepost_now() - $1::interval
