"""Long-form generative video: a preset and a seed in, hours of finished film out."""

__version__ = "0.1.0"
