"""Time series and forecasts that users bring as CSV files: read, checked, resampled."""
