"""confluent-kafka, which is librdkafka, by every secured way into the broker."""

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

import secure


def settings(way, password):
    name, address, tls, certificate, mechanism = way
    protocol = ("SASL_" if mechanism else "") + ("SSL" if tls else "PLAINTEXT")
    all = {"bootstrap.servers": address, "security.protocol": protocol, "topic.metadata.refresh.interval.ms": 500}
    if tls:
        all["ssl.ca.location"] = secure.CA
    if certificate:
        all |= {"ssl.certificate.location": secure.CERTIFICATE, "ssl.key.location": secure.KEY}
    if mechanism == "OAUTHBEARER":
        all |= {"sasl.mechanism": mechanism, "enable.sasl.oauthbearer.unsecure.jwt": True,
                "sasl.oauthbearer.config": f"principal={secure.USER}"}
    elif mechanism:
        all |= {"sasl.mechanism": mechanism, "sasl.username": secure.USER, "sasl.password": password}
    return all


def round_trip(way, password):
    errors = []
    common = settings(way, password) | {"error_cb": errors.append}
    topic = "confluent-" + way[0].replace("/", "-")
    producer = Producer(common | {"message.timeout.ms": 5000})
    producer.produce(topic, b"v", b"k")
    left = 1
    while left and not refusals(errors):
        left = producer.flush(0.1)
    if refusals(errors):
        producer.purge()
        raise KafkaException(refusals(errors)[0])
    consumer = Consumer(common | {"group.id": "g"})
    consumer.assign([TopicPartition(topic, index, OFFSET_BEGINNING)
                     for index in consumer.list_topics(topic, 5).topics[topic].partitions])
    message = consumer.poll(10)
    assert message is not None and message.error() is None, f"{message and message.error()}, {errors[:1]}"
    assert (message.key(), message.value()) == (b"k", b"v")
    consumer.close()


def refusals(errors):
    return [error for error in errors if error.code() == KafkaError._AUTHENTICATION]


secure.run(
    f"{confluent_kafka.__version__}, librdkafka {confluent_kafka.libversion()[0]}", round_trip,
    lambda error: isinstance(error, KafkaException) and error.args[0].code() == KafkaError._AUTHENTICATION)
