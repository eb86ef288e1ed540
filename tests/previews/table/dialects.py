"""Tables of text in the dialects of the world: each with its right columns, its right rows, and its first cells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One table: its bytes, the name of the blob, the names of the columns, the number of rows, and its first row."""

    content: bytes
    heads: list[str]
    rows: int
    first: list[str]
    name: str = "a.csv"


def case(
    text: str, heads: str | list[str], rows: int, first: str | list[str], *, name: str = "a.csv", codec: str = "utf-8"
):
    """A case of a text; names and cells without bars may be written between bars."""
    as_list = [value.split("|") if isinstance(value, str) else value for value in (heads, first)]
    return Case(text.encode(codec), as_list[0], rows, as_list[1], name)


def numbered(count: int) -> list[str]:
    """The names of columns that have none."""
    return [f"column {number}" for number in range(1, count + 1)]


PEOPLE = "name;height;city\nAnna;1,70;Bonn\nBert;1,82;Köln\n"
WIDE = [f"c{number}" for number in range(3000)]

DIALECTS: dict[str, Case] = {
    # separators
    "commas": case("a,b,c\n1,x,2\n3,y,4\n", "a|b|c", 2, "1|x|2"),
    "semicolons": case("a;b;c\n1;x;2\n3;y;4\n", "a|b|c", 2, "1|x|2"),
    "tabs": case("a\tb\tc\n1\tx\t2\n3\ty\t4\n", "a|b|c", 2, "1|x|2", name="a.tsv"),
    "tabs in a file named csv": case("a\tb\tc\n1\tx, y\t2\n3\ty, z\t4\n", "a|b|c", 2, "1|x, y|2"),
    "commas in a file named tsv": case("a,b,c\n1,x,2\n3,y,4\n", "a|b|c", 2, "1|x|2", name="a.tsv"),
    "bars": case("a|b|c\n1|x|2\n3|y|4\n", "a|b|c", 2, "1|x|2"),
    "colons": case("root:x:0:/root\nbin:x:1:/bin\nsys:x:3:/dev\n", numbered(4), 3, "root|x|0|/root"),
    "carets": case("id^name^v\n1^x^2.5\n3^y^4.5\n", "id|name|v", 2, "1|x|2.5"),
    "tildes": case("id~name~v\n1~x~2.5\n3~y~4.5\n", "id|name|v", 2, "1|x|2.5"),
    "double bars": case("id||name||v\n1||x||2.5\n3||y||4.5\n", "id|name|v", 2, "1|x|2.5"),
    "control characters of Hive": case("id\x01name\x01v\n1\x01x\x012.5\n3\x01y\x014.5\n", "id|name|v", 2, "1|x|2.5"),
    "blanks": case("x y z\n1.5 2 3\n4 5 6.5\n", "x|y|z", 2, "1.5|2|3"),
    "columns of a fixed width": case("station   temp  rain\nBonn       1.5   0.1\nKöln      12.5  10.1\n",
                                     "station|temp|rain", 2, "Bonn|1.5|0.1"),
    "fixed width with blanks in names": case("city           people\nNew York      8000000\nBad Honnef      25000\n",
                                             "city|people", 2, "New York|8000000"),
    "a space after each comma": case("a, b, c\n1, 2, 3\n4, 5, 6\n", "a|b|c", 2, "1|2|3"),
    "sep= line": case("sep=;\nname;height\nAnna;1,70\nBert;1,82\n", "name|height", 2, "Anna|1,70"),
    "sep= line with a bar": case("sep=|\r\na|b\r\n1|2\r\n", "a|b", 1, "1|2"),
    "sep= line with a tab and a mark": case("\ufeffsep=\t\na\tb\n1\t2\n", "a|b", 1, "1|2"),
    # numbers
    "decimal commas": case(PEOPLE, "name|height|city", 2, "Anna|1,70|Bonn"),
    "decimal commas without a head": case("1,5;2,5\n3,5;4,5\n", numbered(2), 2, "1,5|2,5"),
    "decimal commas in three columns": case("x;y;z\n1,5;2,5;7\n3,25;4,5;8\n", "x|y|z", 2, "1,5|2,5|7"),
    "decimal commas and tabs": case("x\ty\n1,5\t2,5\n3,25\t4,5\n", "x|y", 2, "1,5|2,5"),
    "thousands with points": case("land;people\nA;1.234.567,5\nB;12.345,0\n", "land|people", 2, "A|1.234.567,5"),
    "thousands in quotes": case('land,people\nA,"1,234,567"\nB,"12,345"\n', "land|people", 2, "A|1,234,567"),
    "thousands with blanks": case("land;people\nA;1 234 567\nB;12 345\n", "land|people", 2, "A|1 234 567"),
    "leading zeros": case("plz,ort\n01067,Dresden\n53111,Bonn\n", "plz|ort", 2, "01067|Dresden"),
    "numbers in quotes": case('"id","v"\n"1","2.5"\n"2","3.5"\n', "id|v", 2, "1|2.5"),
    "text of Excel": case('id,code\n1,="00123"\n2,="00456"\n', "id|code", 2, ["1", '="00123"']),
    "percent": case("a,b\nx,12%\ny,13%\n", "a|b", 2, "x|12%"),
    "exponents": case("a,b\n1e-5,2E+10\n3.5e7,4\n", "a|b", 2, "1e-5|2E+10"),
    "missing values": case("a,b,c\n1,NA,x\n,2.5,y\n3,-,\n", "a|b|c", 3, "1|NA|x"),
    # text
    "commas in text": case("id;note, long, here\n1;a, b, c\n2;d, e, f\n3;g, h, i\n", "id|note, long, here", 3,
                           "1|a, b, c"),
    "semicolons in text": case("id,tags\n1,a;b\n2,c;d;e\n3,f\n", "id|tags", 3, "1|a;b"),
    "bars in text": case("id,alts\n1,a|b\n2,c|d\n3,e|f\n", ["id", "alts"], 3, ["1", "a|b"]),
    "quoted commas": case('a,b\n1,"x, y"\n2,"z, w"\n', "a|b", 2, "1|x, y"),
    "quoted line ends": case('a,b\n1,"x\ny"\n2,"z\r\nw"\n', "a|b", 2, ["1", "x\\ny"]),
    "doubled quotes": case('a,b\n1,"say ""hi"" now"\n2,z\n', "a|b", 2, ["1", 'say "hi" now']),
    "escaped quotes": case('a,b\n1,"say \\"hi, you\\" now"\n2,"z"\n', "a|b", 2, ["1", 'say "hi, you" now']),
    "single quotes": case("a,b\n1,'x, y'\n2,'z, w'\n", "a|b", 2, "1|x, y"),
    "quotes after a blank": case('a, b\n1, "x, y"\n2, "z, w"\n', "a|b", 2, "1|x, y"),
    "inches in tabs": case('size\tn\n5" pipe\t1\n"6 inch\t2\n', "size|n", 2, ['5" pipe', "1"], name="a.tsv"),
    "a quote that never closes": case('a,b,c\n1,"x,2\n3,y,4\n5,z,6\n', "a|b|c", 3, ["1", '"x', "2"]),
    "a backslash at an end": case('path,n\n"C:\\x\\",1\n"D:\\y\\",2\n', "path|n", 2, ["C:\\x\\", "1"]),
    "all text": case("name,city\nAnna,Bonn\nBert,Köln\n", "name|city", 2, "Anna|Bonn"),
    # heads
    "years as names": case("region,2019,2020\nA,1,2\nB,3,4\n", "region|2019|2020", 2, "A|1|2"),
    "years below a number": case("id,2019,2020,2021\n1,5,6,7\n2,8,9,10\n", "id|2019|2020|2021", 2, "1|5|6|7"),
    "dates as names": case("site,2024-01-01,2024-01-02\nA,1.5,2\nB,3.5,4\n", "site|2024-01-01|2024-01-02", 2,
                            "A|1.5|2"),
    "numbers as names": case("id,1,2,3\nA,0.5,0.6,0.7\nB,0.1,0.2,0.3\n", "id|1|2|3", 2, "A|0.5|0.6|0.7"),
    "names and values": case("key,value\nhost,localhost\nport,8080\ntimeout,30\n", "key|value", 3, "host|localhost"),
    "units beside names": case("name,height\n,m\nAnna,1.7\nBert,1.8\n", "name|height", 2, "Anna|1.7"),
    "units in brackets": case("site,temp\n[name],[K]\nA,1.5\nB,2.5\n", "site|temp", 2, "A|1.5"),
    "no head": case("1,2,3\n4,5,6\n", numbered(3), 2, "1|2|3"),
    "no head, a name first": case("A,2019,5.5\nB,2018,6.5\nC,2021,7.5\n", numbered(3), 3, "A|2019|5.5"),
    "no head, dates": case("2024-01-01,5\n2024-01-02,6\n", numbered(2), 2, "2024-01-01|5"),
    "no head, a word again": case("red,ok\nblue,ok\nred,bad\n", numbered(2), 3, "red|ok"),
    "a head alone": case("a,b,c\n", "a|b|c", 0, []),
    "a head alone, without a line end": case("a;b;c", "a|b|c", 0, [], name="b.csv"),
    "one row": case("1,2,3\n", numbered(3), 1, "1|2|3"),
    "one column": case("name\nAnna\nBert\n", "name", 2, "Anna"),
    "one column of numbers": case("1\n2\n3\n", numbered(1), 3, "1"),
    "one column, quoted": case('"id"\n"1"\n"2"\n', "id", 2, "1"),
    "one column with prose": case("note\nHello, world.\nNothing to see here\nA, b and c\n", "note", 3, "Hello, world."),
    "units": case("time,temp\ns,°C\n0,1.5\n1,2.5\n2,3.5\n", "time|temp", 3, "0|1.5"),
    "groups of names": case(",2019,,2020,\nregion,Q1,Q2,Q1,Q2\nA,1,2,3,4\nB,5,6,7,8\n", "|2019||2020|", 2, "A|1|2|3|4"),
    "an index without a name": case(",a,b\n0,1.5,2.5\n1,3.5,4.5\n", "|a|b", 2, "0|1.5|2.5"),
    "R's row names": case('"mpg","cyl"\n"Mazda",21,6\n"Fiat",32,4\n', "|mpg|cyl", 2, "Mazda|21|6"),
    # lines that are no rows
    "comments": case("# station, Bonn\na;b;c\n1;2;3\n4;5;6\n", "a|b|c", 2, "1|2|3"),
    "comments between rows": case("# one\na,b\n1,2\n# two\n3,4\n", "a|b", 2, "1|2"),
    "names in the comment": case("# made by numpy\n# x,y,z\n1.5,2.5,3\n4.5,5.5,6\n", "x|y|z", 2, "1.5|2.5|3"),
    "percent comments": case("% made by octave\nx,y\n1,2\n3,4\n", "x|y", 2, "1|2"),
    "a number sign as a name": case("#,name\n1,Anna\n2,Bert\n", "#|name", 2, "1|Anna"),
    "a title": case("Report 2024\n\nid,name,v\n1,a,2\n2,b,3\n3,c,4\n", "id|name|v", 3, "1|a|2"),
    "a padded title": case("Report;;;\nJanuary;;;\n;;;\nid;name;v;w\n1;a;2;3\n2;b;3;4\n", "id|name|v|w", 2, "1|a|2|3"),
    "settings above": case("Station;Bonn\nHeight;60\n\nDate;T;P;Q\n01.02.2024;1,5;2;3\n02.02.2024;2,5;3;4\n",
                           "Date|T|P|Q", 2, "01.02.2024|1,5|2|3"),
    "blank lines": case("a,b\n\n1,2\n\n\n3,4\n\n", "a|b", 2, "1|2"),
    "blank lines first": case("\n\na,b\n1,2\n3,4\n", "a|b", 2, "1|2"),
    "the mark of DOS at the end": case("a,b\r\n1,2\r\n3,4\r\n\x1a", "a|b", 2, "1|2"),
    # lengths
    "ragged": case("name;height;city\nAnna;1,70;Bonn\nBert;1,82\nCleo;1,65;Köln\n", "name|height|city", 3,
                   "Anna|1,70|Bonn"),
    "separators at the ends": case("a,b,c,\n1,2,3,\n4,5,6,\n", "a|b|c", 2, "1|2|3"),
    "separators at the ends of rows": case("a,b,c\n1,2,3,\n4,5,6,\n", "a|b|c", 2, "1|2|3"),
    "rows that are too long": case("a,b\n1,2\n3,4,5\n6,7\n8,9\n", "a|b", 4, "1|2"),
    "a very long first line": case(",".join(WIDE) + "\n" + ",".join("1" * 3000) + "\n", WIDE, 1, ["1"] * 3000),
    "a row longer than most": case("id,v\n1," + "x" * 40_000 + "\n2,y\n", "id|v", 2, ["1", "x" * 31 + "…"]),
    # line ends and encodings
    "Windows": case("a,b\r\n1,2\r\n3,4\r\n", "a|b", 2, "1|2"),
    "old Macs": case("a,b,c\r1,2,3\r4,5,6\r", "a|b|c", 2, "1|2|3"),
    "no end of the last line": case("a,b\n1,2\n3,4", "a|b", 2, "1|2"),
    "a mark": case("\ufeffa,b\n1,2\n3,4\n", "a|b", 2, "1|2"),
    "a mark and quotes": case('\ufeff"a","b"\n"1","2"\n', "a|b", 1, "1|2"),
    "UTF-16 with tabs, by Excel": case("a\tb\r\n1\tä\r\n2\tö\r\n", "a|b", 2, "1|ä", codec="utf-16"),
    "UTF-16 without a mark": case("a,b\n1,ä\n2,ö\n", "a|b", 2, "1|ä", codec="utf-16-le"),
    "UTF-32": case("a,b\n1,ä\n2,ö\n", "a|b", 2, "1|ä", codec="utf-32"),
    "Western": case("id;straße\n1;Köln, größer\n2;Düren, kleiner\n", "id|straße", 2, "1|Köln, größer", codec="cp1252"),
    "Cyrillic": case("номер;город;население\n1;Москва;12,6\n2;Санкт-Петербург;5,4\n", "номер|город|население", 2,
                     "1|Москва|12,6", codec="cp1251"),
    "Japanese": case("番号,都市,表示\n1,東京都,ソ連\n2,大阪府,能力\n", "番号|都市|表示", 2, "1|東京都|ソ連",
                     codec="cp932"),
    "Chinese": case("编号,名称,说明\n1,北京,中国的首都\n2,上海,很大的城市\n", "编号|名称|说明", 2,
                    "1|北京|中国的首都", codec="gbk"),
    "a zero byte": case("a,b\n1,\x00\n2,3\n", "a|b", 2, ["1", "\\x00"]),
    "a byte that is not UTF-8": Case("ä,b\n1,x\n2,ö".encode() + b"\xff\n3,z\n", ["ä", "b"], 3, ["1", "x"]),
    # values
    "dates past 9999": case("when,v\n10000-01-01,1\n99999-12-31,2\n", "when|v", 2, "10000-01-01|1"),
    "nanoseconds": case("when,v\n2024-01-01T00:00:00.123456789Z,1\n2024-01-01T00:00:00.123456790Z,2\n", "when|v", 2,
                        "2024-01-01T00:00:00.123456789Z|1"),
    "clock times alone": case("time\n12:30\n12:31\n12:32\n", "time", 3, "12:30"),
    "links": case("url,n\nhttp://a.de/?a=1;b=2,5\nhttp://a.de/?a=1;b=3,6\n", "url|n", 2, "http://a.de/?a=1;b=2|5"),
    "clock times": case("t;v\n12:30:15;1\n12:31:15;2\n", "t|v", 2, "12:30:15|1"),
    "geometries alone": case("wkt\nPOINT(1 2)\nPOINT(3 4)\n", "wkt", 2, "POINT(1 2)"),
    "JSON in a cell": case('id,doc\n1,"{""a"": 1, ""b"": 2}"\n2,"{}"\n', "id|doc", 2, ["1", '{"a": 1, "b": 2}']),
    "geometries in a cell": case('id,wkt\n1,"POINT (1 2)"\n2,"LINESTRING (1 2, 3 4)"\n', "id|wkt", 2, "1|POINT (1 2)"),
    # quotes
    "one column of sentences in quotes": case(
        'sentence\n"hello, world"\n"bye, world"\n', ["sentence"], 2, ["hello, world"]
    ),
    "quotes behind a backslash in rows of one length": case(
        'a,b\n"he said \\"hi\\"",1\n"x",2\n', "a|b", 2, 'he said "hi"|1'
    ),
    "a quote that never closes in a row of its own": case('a,b\n1,"open\n2,x\n3,y\n', "a|b", 3, "1|open"),
    # heads
    "many years in a row": case("land,code,1960,1961,1962\nA,AB,1.5,2,3\nC,CD,4,5,6\n", "land|code|1960|1961|1962", 2,
                                "A|AB|1.5|2|3"),
    "an index without a name beside text": case(",x\n0,a\n1,b\n", "|x", 2, "0|a"),
    "an index with gaps beside text": case(",x\n5,a\n9,b\n", "|x", 2, "5|a"),
    "rows that R numbers": case('"","Species"\n"1","setosa"\n"2","virginica"\n', "|Species", 2, "1|setosa"),
    "a first row whose first cell is missing": case(",1\nB,2\nC,3\n", numbered(2), 3, "|1"),
    "depths as names": case("t,0.5,1.0,1.5\n1,10,11,12\n2,10,11,12\n", "t|0.5|1.0|1.5", 2, "1|10|11|12"),
    "hours as names": case("d,00:00,01:00\n2024-01-01,1,2\n2024-01-02,3,4\n", "d|00:00|01:00", 2, "2024-01-01|1|2"),
    "numbers with narrow blanks": case("a;b\n1\u202f234,5;x\n2\xa0345,6;y\n", "a|b", 2, "1\u202f234,5|x"),
    # loggers
    "the line about the station of a logger": case(
        '"TOA5","CR1000","CR1000","1","Std.22","CPU:p.CR1","2","T"\n"TIMESTAMP","RECORD","Air"\n"TS","RN","Deg C"\n'
        '"","","Avg"\n"2024-01-01 00:00:00",0,12.3\n"2024-01-01 00:10:00",1,"NAN"\n',
        "TIMESTAMP|RECORD|Air",
        2,
        "2024-01-01 00:00:00|0|12.3",
    ),
}  # fmt: skip

NO_TABLES: dict[str, tuple[str, bytes]] = {
    "prose": ("a.txt", b"Dear all, hello.\nThis is a text, as it is.\nNothing, really, of note.\n"),
    "a log": ("run.log", b"2024-01-01 00:00:00,123 a, b\n2024-01-01 00:00:01,123 c, d\n2024-01-01 00:00:02,123 e, f\n"),
    "a drawn table": ("a.txt", b"+----+----+\n| id | v  |\n+----+----+\n|  1 |  2 |\n|  3 |  4 |\n+----+----+\n"),
    "a table of Markdown": ("notes", b"| id | v | w |\n|----|---|---|\n| 1 | 2 | 3 |\n| 4 | 5 | 6 |\n"),
    "code": ("main.c", b"int f(int a, int b, int c);\nint g(int a, int b);\nint main(void) { return f(1, 2, 3); }\n"),
    "a fixed width with gaps": (
        "a.csv",
        b"id  name        temp\n 1  New York     1.5\n 2              12.5\n 3  Bad Honnef      \n",
    ),
}
"""Texts whose lines are shown as they are: by name, and their bytes."""
