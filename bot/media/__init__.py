"""ffmpeg behind glass: probe, validate, join, fit. Knows no film."""
