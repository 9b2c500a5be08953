"""What the secured Python programs share: the ways into the broker, and a line of output for each."""

import base64
import json
import os
import time

import checks

STORES = os.environ["STORES"]
USER, PASSWORD = "alice", os.environ["PASSWORD"]
CA, CERTIFICATE, KEY = (os.path.join(STORES, name) for name in ("ca.pem", "client.pem", "client.key"))
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


def ways():
    """Name, address, whether in TLS, whether with a certificate, mechanism."""
    yield "tls", os.environ["SSL"], True, False, None
    yield "mtls", os.environ["MTLS"], True, True, None
    for mechanism in MECHANISMS:
        yield f"plain/{mechanism}", os.environ["SASL_PLAINTEXT"], False, False, mechanism
        yield f"tls/{mechanism}", os.environ["SASL_SSL"], True, False, mechanism


def unsecured_token(subject=USER, seconds=3600):
    """A token that nobody has signed (RFC 7519 6), as Java's client makes it."""
    def part(it):
        return base64.urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=").decode()

    now = time.time()
    return f"{part({'alg': 'none'})}.{part({'sub': subject, 'iat': now, 'exp': now + seconds})}."


def run(version, round_trip, refused, wrong_ways=("plain/", "tls/")):
    """`round_trip(way, password)` writes a record and reads it; `refused(error)` says whether it is a refused login, which
    is tried by the ways that begin so."""
    def check(name, way):
        def it():
            round_trip(way, PASSWORD)
        it.__name__ = name
        return it

    def wrong():
        for way in ways():
            if way[4] in (None, "OAUTHBEARER") or not way[0].startswith(tuple(wrong_ways)):
                continue
            try:
                round_trip(way, "wrong-hush-6b")
            except Exception as error:
                assert refused(error), f"{way[0]}: {type(error).__name__}: {error}"
            else:
                raise AssertionError(f"{way[0]}: a wrong password gets in")

    wrong.__name__ = "wrong"
    checks.run(version, [check(way[0], way) for way in ways()] + [wrong])
