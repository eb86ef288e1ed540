"""Rasters looked at through a window: held against NumPy and rasterio."""
