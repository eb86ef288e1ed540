"""The first rows of spreadsheets, from the XML members of their zips.

| file | holds |
|---|---|
| first_sheet.py | the jobs of the decoding process: a workbook, or the rows of one sheet |
| ods.py | the tables of an OpenDocument spreadsheet (ODF 1.3, part 3, section 9) |
| sheet_xml.py | XML as events, without document types and entities, to a depth, and to the end of what is known |
| xlsx.py | the sheets of a workbook of Office Open XML (ECMA-376, part 1, section 18), its texts and its dates |
"""
