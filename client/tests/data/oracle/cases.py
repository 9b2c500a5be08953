# Makes the cases for Oracle.java: `python3 cases.py > cases.tsv`. The same ones at every run.
import random

chance = random.Random(4400)


def put(kind, data):
    data = data.encode("utf-8") if isinstance(data, str) else data
    print(kind, data.hex(), sep="\t")


PROPERTIES = [
    "a=b", "a = b", "a:b", "a b", "a\tb", "a\fb", "a", "a=", "=b", " = b", "a==b", "a=:b", "a : = b", "a  b  c ",
    "a=b\n#c=d\n!e=f\n  # g\n\t!h=i\nj=k", "a=b # no comment", "a\\=b=c", "a\\:b:c", "a\\ b c", "a=\\ b", "a=b\\ ",
    "a=b\\\nc", "a=b\\\n   c", "a=b\\\r\n\tc", "a=b\\\rc", "a=b\\\\\nc=d", "a=b\\\n\nc=d", "a=b\\\n#c\nd=e", "a=b\\",
    "\\\n#c\nd=e", "\\\n\na=b", "\\\n  a=b", "a=\\\n=b", "a\\\n=b", "a\\\nb=c", "a=1\na=2\nb=3\na=4", "a=\\u0041\\u00e4",
    "\\u0061=b", "a=\\uD83C\\uDF10", "a=\\u00g1", "a=\\u12", "a=\\u", "a=\\u004", "a=\\U0041", "a=\\t\\n\\r\\f|", "a=\\a\\b\\\"\\'",
    "a=\\\\", "a=b\r\nc=d\re=f\n\r\ng=h", "\n\n  \n\t\na=b\n", "#\n!\n#", "", " ", "a\n\n", "a=ä ö 🌐", "schlüssel=wert",
    "a=b\\u0020", "\u00a0a=b", "a=\u00a0b", "a=\x0bb", "\x00=\x01",
    "sasl.jaas.config=org.A required \\\n  username=\"u\" \\\n  password=\"p\\\\\"q\";",
    "ssl.keystore.key=-----BEGIN PRIVATE KEY-----\\\nMIIE\\n\\\n-----END PRIVATE KEY-----",
    "ssl.truststore.location=C:\\\\certs\\\\a.jks", "ssl.truststore.location=C:\\certs\\a.jks",
]
for text in PROPERTIES:
    put("properties", text)
for data in [b"a=\xe4\xf6", b"\xfc=b", b"a=\xe4\\u00f6\\\n  \xfc", b"# \xff\na=\xc3\xa4"]:
    put("properties", data)
PIECES = ["a", "b", "key", "=", ":", " ", "\t", "\f", "\\", "\\\\", "\n", "\r\n", "\r", "#", "!", "\\u00e4", "\\n", "ä", "=v", "\\="]
for _ in range(260):
    put("properties", "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 24))))

P = "org.apache.kafka.common.security.plain.PlainLoginModule"
JAAS = [
    f'{P} required username="u" password="p";', f'{P} required\n  username="u"\n  password="p";',
    f'{P} REQUIRED username=u password=p;', f'{P} optional;', f'{P} sufficient a=b;', f'{P} requisite a=b;', f"{P} needed a=b;",
    f'{P} required username="u" password="p"', f'{P} required', f'{P}', '', '  ', ';', f'{P};', f'{P} required username;',
    f'{P} required username=;', f'{P} required =b;', f'{P} required a=b c=d a=e;', f'{P} required a="b" c="d"; {P} required;',
    f"{P} required a='b';", f"{P} required a='b\"c';", f'{P} required a="b\'c";', f'{P} required a="b\\"c";', f'{P} required a="b\\\\c";',
    f'{P} required a="\\t\\n\\r\\f\\a\\b\\v";', f'{P} required a="\\101\\7\\377\\400\\18";', f'{P} required a="\\x\\$\\u0041";',
    f'{P} required /* c */ a="b" // d\n c="d";', f'{P} required // a="b";\n c="d";', f'{P} required a=/etc/x;', f'{P} required a="/etc/x";',
    f'{P} required a="b" / c="d";\n;', f'{P} required /* a="b";', f'{P} required a=true b=false c=TRUE;', f'{P} required a=7;',
    f'{P} required a=7b;', f'{P} required a=b7;', f'{P} required a=-7;', f'{P} required a=-b;', f'{P} required a=b-c.d_e$f;',
    f'{P} required a=b@c;', f'{P} required a="b@c";', f'{P} required a=b=c;', f'{P} required "a"="b";', f'"{P}" "required" a="b";',
    f'{P} required a="b\nc";', f'{P} required a="b;', f'{P} required a="";', f'{P} required a=ä ö=b;', f'{P} required a="ä🌐";',
    f'{P} required username=\\"u\\" password=\\"p\\";', f'{P} required a.b="c" a-b="d" a_b="e";', f'{P} required a="b",c="d";',
    f'{P} required a = "b" ;', f'{P}\trequired\ta\t=\t"b"\t;\n', f'{P} required a="b";;', f'{P} required a="b" ; // end',
    f'{P} required a="b" c;', f'{P} required a=.;', f'{P} required a=.b;', f'{P} required *=b;', f'{P} required a="b"c="d";',
    f'{P} required a="b#c" d="e;f" g="h=i";', 'KafkaClient { ' + P + ' required a="b"; };', f'{P} required a=b/c;', "1 required;",
]
for text in JAAS:
    put("jaas", text)
PIECES = [P, "required", " ", " ", "a", "b", "=", "=", '"x"', "'y'", '"', ";", ";", "/", "//", "/*", "*/", "\n", "7", "\\", "true", "-", ".", "ä"]
for _ in range(200):
    put("jaas", "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 20))))
for _ in range(120):
    text = list(f'{P} required username="u ser" password="p\\"w" debug=true;')
    for _ in range(chance.randrange(1, 3)):
        at = chance.randrange(len(text))
        text[at] = chance.choice(["", "", '"', "\\", ";", "=", " ", "/", "'", "x", "\n"])
    put("jaas", "".join(text))

K = "com.sun.security.auth.module.Krb5LoginModule"
FILES = [
    'KafkaClient {\n  ' + K + ' required\n  useKeyTab=true\n  keyTab="/etc/a.keytab"\n  principal="a@R";\n};',
    'Client { ' + P + ' required a="b"; };\nKafkaClient { ' + P + ' required c="d"; };', 'KafkaServer { ' + P + ' required; };',
    'KafkaClient { ' + P + ' required a="b"; ' + K + ' optional c="d"; };', 'KafkaClient { };', 'KafkaClient { ' + P + ' required a="b" };',
    'KafkaClient { ' + P + ' required a="b"; }', 'KafkaClient ' + P + ' required;', '', '// nothing', '/* a */ KafkaClient { ' + P + " required; };",
    'KafkaClient { ' + P + ' required a="${/}x"; };', 'KafkaClient { ' + P + ' required a="${no.such.property}"; };',
    'KafkaClient { ' + P + ' required a="${{user.home}}x"; };', 'KafkaClient { ' + P + ' required a="x${/"; };', 'KafkaClient { ' + P + ' required a="$x$"; };',
    'KafkaClient { ' + P + " required a='b'; };", 'KafkaClient { ' + P + ' required a=b c=7; };', 'KafkaClient { ' + P + ' required a=b7 c=d-e.f; };',
    'KafkaClient { ' + P + ' REQUIRED a="b\\"c\\\\d"; };', 'KafkaClient { ' + P + ' must a="b"; };', 'KafkaClient { ' + P + ' required a=; };',
    'KafkaClient { ' + P + ' required a="b"; };\nKafkaClient { ' + P + ' required; };', '"KafkaClient" { "' + P + '" "required" "a"="b"; };',
    'KafkaClient{' + P + ' required a="b";};', 'KafkaClient { ' + P + ' required a="ä"; };', 'KafkaClient { ' + P + ' required a=""; };',
    'KafkaClient { ' + P + ' required a="b"; };;', 'KafkaClient { ' + P + ' required *="b"; };', 'KafkaClient { ' + P + ' required a="b" a="c"; };',
]
for text in FILES:
    put("file", text)
for _ in range(80):
    text = list(FILES[0])
    for _ in range(chance.randrange(1, 3)):
        at = chance.randrange(len(text))
        text[at] = chance.choice(["", "", '"', "\\", ";", "=", " ", "/", "{", "}", "x", "\n"])
    put("file", "".join(text))
