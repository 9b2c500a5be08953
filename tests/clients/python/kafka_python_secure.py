"""kafka-python by every secured way into the broker."""

import logging

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError
from kafka.net.sasl.oauth import AbstractTokenProvider

import secure


class Tokens(AbstractTokenProvider):
    def token(self):
        return secure.unsecured_token()


def settings(way, password):
    name, address, tls, certificate, mechanism = way
    protocol = ("SASL_" if mechanism else "") + ("SSL" if tls else "PLAINTEXT")
    all = {"bootstrap_servers": address, "security_protocol": protocol}
    if tls:
        all["ssl_cafile"] = secure.CA
    if certificate:
        all |= {"ssl_certfile": secure.CERTIFICATE, "ssl_keyfile": secure.KEY}
    if mechanism:
        all["sasl_mechanism"] = mechanism
    if mechanism == "OAUTHBEARER":
        all["sasl_oauth_token_provider"] = Tokens()
    elif mechanism:
        all |= {"sasl_plain_username": secure.USER, "sasl_plain_password": password}
    return all


def round_trip(way, password):
    topic = "kafka-python-" + way[0].replace("/", "-")
    producer = KafkaProducer(**settings(way, password), max_block_ms=5000)
    try:
        producer.send(topic, b"v", b"k").get(10)
    finally:
        producer.close(timeout=0)
    consumer = KafkaConsumer(**settings(way, password), consumer_timeout_ms=10000)
    consumer.assign([TopicPartition(topic, index) for index in consumer.partitions_for_topic(topic)])
    consumer.seek_to_beginning()
    record = next(consumer)
    assert (record.key, record.value) == (b"k", b"v")
    consumer.close()


def refused(error):
    """It reads no answer on a connection that is closed behind it, as a broker's is that refuses a login: it tries anew
    until its time is over."""
    closed = any("socket disconnected" in line for line in Lines.all)
    Lines.all.clear()
    return isinstance(error, KafkaTimeoutError) and closed


class Lines(logging.Handler):
    """What kafka-python logs."""
    all = []

    def emit(self, record):
        self.all.append(record.getMessage())


logging.getLogger("kafka").setLevel(logging.INFO)
logging.getLogger("kafka").addHandler(Lines())
# Each takes half a minute to give up.
secure.run(kafka.__version__, round_trip, refused, wrong_ways=["plain/PLAIN"])
