// librdkafka's producer in its own language: the loop of client/benches/produce/load.rs, a delivery report a record.
//
//   produce ADDRESS TOPIC KEYED(0|1) VALUE_BYTES BATCH_BYTES RECORDS RUNS
//
// The few declarations below stand for rdkafka.h, which the wheel does not bring; README.md says how to build it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct {
    int err;
    rd_kafka_topic_t *rkt;
    int32_t partition;
    void *payload;
    size_t len;
} rd_kafka_message_t; // Its first fields: no other is read.

rd_kafka_conf_t *rd_kafka_conf_new(void);
int rd_kafka_conf_set(rd_kafka_conf_t *, const char *, const char *, char *, size_t);
void rd_kafka_conf_set_dr_msg_cb(rd_kafka_conf_t *, void (*)(rd_kafka_t *, const rd_kafka_message_t *, void *));
rd_kafka_t *rd_kafka_new(int, rd_kafka_conf_t *, char *, size_t);
rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *, const char *, void *);
int rd_kafka_produce(rd_kafka_topic_t *, int32_t, int, void *, size_t, const void *, size_t, void *);
int rd_kafka_last_error(void);
int rd_kafka_poll(rd_kafka_t *, int);
int rd_kafka_flush(rd_kafka_t *, int);
const char *rd_kafka_version_str(void);

enum { PRODUCER = 0, COPY = 2, QUEUE_FULL = -184, UNASSIGNED = -1 };

static long delivered, failed;

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
    (void)rk, (void)opaque;
    if (message->err) failed++; else delivered++;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why)) fprintf(stderr, "%s\n", why), exit(2);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static double cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e9 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e3;
}

static void drive(rd_kafka_t *rk, rd_kafka_topic_t *topic, int keyed, char *value, size_t length, long records) {
    char key[16] = "customer";
    for (long i = 0; i < records; i++) {
        uint64_t number = __builtin_bswap64(i), spread = __builtin_bswap64(i * 0x9e3779b97f4a7c15ull >> 44);
        memcpy(value, &number, 8), memcpy(key + 8, &spread, 8);
        while (rd_kafka_produce(topic, UNASSIGNED, COPY, value, length, keyed ? key : NULL, keyed ? 16 : 0, NULL)) {
            if (rd_kafka_last_error() != QUEUE_FULL) fprintf(stderr, "not taken\n"), exit(3);
            rd_kafka_poll(rk, 1);
        }
        if (i % 1000 == 0) rd_kafka_poll(rk, 0);
    }
    rd_kafka_flush(rk, 60000);
}

int main(int argc, char **argv) {
    if (argc != 8) return fprintf(stderr, "see the top of produce.c\n"), 2;
    int keyed = atoi(argv[3]), runs = atoi(argv[7]);
    size_t length = atol(argv[4]);
    long records = atol(argv[6]);
    char *value = malloc(length), why[512];
    for (size_t i = 0; i < length; i++) value[i] = i;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    set(conf, "enable.idempotence", "true");
    set(conf, "linger.ms", "5");
    set(conf, "batch.size", argv[5]);
    set(conf, "batch.num.messages", "1000000");
    set(conf, "message.max.bytes", "10000000");
    set(conf, "queue.buffering.max.messages", "500000");
    set(conf, "partitioner", "murmur2_random");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *rk = rd_kafka_new(PRODUCER, conf, why, sizeof why);
    if (!rk) return fprintf(stderr, "%s\n", why), 2;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[2], NULL);
    drive(rk, topic, keyed, value, length, records / 8);
    for (int run = 0; run < runs; run++) {
        double wall = now(), used = cpu();
        delivered = failed = 0;
        drive(rk, topic, keyed, value, length, records);
        wall = now() - wall, used = cpu() - used;
        if (delivered != records) return fprintf(stderr, "%ld delivered, %ld failed\n", delivered, failed), 3;
        printf("{\"client\":\"librdkafka %s\",\"keyed\":%d,\"value_bytes\":%zu,\"batch_size\":%s,\"topic\":\"%s\","
               "\"wall_ns\":%.1f,\"cpu_ns\":%.1f}\n", rd_kafka_version_str(), keyed, length, argv[5], argv[2],
               wall / records, used / records);
        fflush(stdout);
    }
    return 0;
}
