"""Tests of the engine on somebody else's bucket: SeaweedFS, and moto's server for what SeaweedFS lacks.

| file | holds |
|---|---|
| amazon.py | moto's server, its boto3 client, awkward names, and started stores |
"""
