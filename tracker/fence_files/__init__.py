"""Fences in files: GeoJSON, KML, GPX and shapefiles, read and written."""
