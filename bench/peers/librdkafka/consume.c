// librdkafka's member of a group in its own language: the loop of ../consume/src/main.rs. Records come by its batch call, the
// fastest that it has.
//
//   consume ADDRESS TOPIC RECORDS PROTOCOL
//
// The few declarations below stand for rdkafka.h, which the wheel does not bring; README.md says how to build it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;
typedef struct {
    int err;
    void *rkt;
    int32_t partition;
    void *payload;
    size_t len;
    void *key;
    size_t key_len;
} rd_kafka_message_t; // Its first fields: no other is read.

rd_kafka_conf_t *rd_kafka_conf_new(void);
int rd_kafka_conf_set(rd_kafka_conf_t *, const char *, const char *, char *, size_t);
rd_kafka_t *rd_kafka_new(int, rd_kafka_conf_t *, char *, size_t);
int rd_kafka_poll_set_consumer(rd_kafka_t *);
rd_kafka_topic_partition_list_t *rd_kafka_topic_partition_list_new(int);
void *rd_kafka_topic_partition_list_add(rd_kafka_topic_partition_list_t *, const char *, int32_t);
int rd_kafka_subscribe(rd_kafka_t *, const rd_kafka_topic_partition_list_t *);
rd_kafka_queue_t *rd_kafka_queue_get_consumer(rd_kafka_t *);
ssize_t rd_kafka_consume_batch_queue(rd_kafka_queue_t *, int, rd_kafka_message_t **, size_t);
void rd_kafka_message_destroy(rd_kafka_message_t *);
void rd_kafka_queue_destroy(rd_kafka_queue_t *);
int rd_kafka_consumer_close(rd_kafka_t *);
void rd_kafka_destroy(rd_kafka_t *);

enum { CONSUMER = 1, UNASSIGNED = -1, BATCH = 10000 };

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

static void run(char **argv, int round) {
    char group[64], why[512];
    snprintf(group, sizeof group, "librdkafka-%s-%d-%d", argv[4], getpid(), round);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    set(conf, "group.id", group);
    set(conf, "group.protocol", argv[4]);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.auto.commit", "false");
    set(conf, "check.crcs", "true"); // As the others do; it does not by itself.
    rd_kafka_t *rk = rd_kafka_new(CONSUMER, conf, why, sizeof why);
    if (!rk) fprintf(stderr, "%s\n", why), exit(2);
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, argv[2], UNASSIGNED);
    if (rd_kafka_subscribe(rk, topics)) fprintf(stderr, "not subscribed\n"), exit(2);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
    static rd_kafka_message_t *messages[BATCH];
    long records = atol(argv[3]), seen = 0, before = 0;
    uint64_t bytes = 0;
    double wall = 0, used = 0;
    while (seen < records) {
        ssize_t got = rd_kafka_consume_batch_queue(queue, 1000, messages, BATCH);
        for (ssize_t i = 0; i < got; i++) {
            if (!messages[i]->err) bytes += messages[i]->key_len + messages[i]->len, seen++;
            rd_kafka_message_destroy(messages[i]);
        }
        if (seen && !wall) wall = now(), used = cpu(), before = seen;
    }
    wall = now() - wall, used = cpu() - used;
    if (round && bytes)
        printf("{\"client\":\"librdkafka\",\"wall_ns\":%.1f,\"cpu_ns\":%.1f}\n", wall / (seen - before),
               used / (seen - before));
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "see the top of consume.c\n"), 2;
    for (int round = 0; round < 2; round++) run(argv, round);
    return 0;
}
