"""The commands behind `dxpipeline`, one module each."""
