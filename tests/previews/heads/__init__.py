"""Tests of the formats that are known by their heads.

| file | holds |
|---|---|
| damage.py | a file in many damaged variants, and what must hold of the preview of each |
| kept.py | small files by large libraries, kept as text |
| made.py | files by their specifications, byte by byte |
| samples.py | by kind: a real file by the library of its format, or bytes by its specification |
| test_heads.py | every sample: known, within its budget, true |
| test_models.py | models: facts equal those of safetensors, gguf and onnx; pickles are never loaded |
| test_facts.py | other forms of the formats, and heads that lie |
| test_notebooks.py | notebooks: cells and outputs, and JSON that is no notebook |
| test_sheets.py | spreadsheets: cells equal those of openpyxl; bombs of entities and zips end in a line |
"""
