"""The engine on the web: indexes of real servers, static STAC catalogs, and servers that wish their readers ill."""
