package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/IBM/sarama"
)

// sarama: every capability, a function each. It has no subscription by pattern.
func saramaClient() {
	fmt.Println("pattern\tnone\tsarama subscribes to topics by name alone")
	run("github.com/IBM/sarama", check{"produce", saramaProduce}, check{"codecs", saramaCodecs}, check{"acks0", saramaAcks0},
		check{"assign", saramaAssign}, check{"group", saramaGroup}, check{"transactions", saramaTransactions},
		check{"admin", saramaAdmin})
}

func saramaConfig(change func(*sarama.Config)) *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	if change != nil {
		change(config)
	}
	return config
}

func saramaMessages(topic string, pairs []pair) []*sarama.ProducerMessage {
	var messages []*sarama.ProducerMessage
	for _, it := range pairs {
		messages = append(messages, &sarama.ProducerMessage{
			Topic: topic, Key: sarama.StringEncoder(it.key), Value: sarama.StringEncoder(it.value)})
	}
	return messages
}

func saramaSend(topic string, pairs []pair, change func(*sarama.Config)) {
	producer := take(sarama.NewSyncProducer(bootstrap, saramaConfig(change)))
	must(producer.SendMessages(saramaMessages(topic, pairs)))
	must(producer.Close())
}

// So many records of a topic, partition by partition, each from an offset that is drawn from its end.
func saramaRead(ctx context.Context, topic string, count int, from func(end int64) int64, change func(*sarama.Config)) []pair {
	client := take(sarama.NewClient(bootstrap, saramaConfig(change)))
	consumer := take(sarama.NewConsumerFromClient(client))
	defer client.Close()
	defer consumer.Close()
	messages := make(chan *sarama.ConsumerMessage)
	for _, index := range take(consumer.Partitions(topic)) {
		start := sarama.OffsetOldest
		if from != nil {
			start = from(take(client.GetOffset(topic, index, sarama.OffsetNewest)))
		}
		partition := take(consumer.ConsumePartition(topic, index, start))
		defer partition.AsyncClose()
		go func() {
			for it := range partition.Messages() {
				messages <- it
			}
		}()
	}
	var got []pair
	for len(got) < count {
		select {
		case it := <-messages:
			got = append(got, pair{string(it.Key), string(it.Value)})
		case <-ctx.Done():
			assert(false, "%d records of %d", len(got), count)
		}
	}
	go func() {
		for range messages {
		}
	}()
	return got
}

func saramaProduce(ctx context.Context) {
	saramaSend("produce", records, func(config *sarama.Config) {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	})
	saramaSend("produce", records, func(config *sarama.Config) { config.Producer.RequiredAcks = sarama.WaitForLocal })
	same(saramaRead(ctx, "produce", 2*len(records), nil, nil), append(records, records...))
}

func saramaCodecs(ctx context.Context) {
	for codec, name := range codecs {
		saramaSend("theirs-"+name, records, func(config *sarama.Config) {
			config.Producer.Compression = sarama.CompressionCodec(codec)
		})
		same(saramaRead(ctx, "theirs-"+name, len(records), nil, nil), records)
		same(saramaRead(ctx, "ours-"+name, len(records), nil, nil), records)
	}
}

func saramaAcks0(ctx context.Context) {
	pairs := numbers(2000, "acks 0")
	saramaSend("acks-0", pairs, func(config *sarama.Config) { config.Producer.RequiredAcks = sarama.NoResponse })
	same(saramaRead(ctx, "acks-0", len(pairs), nil, nil), pairs)
}

func saramaAssign(ctx context.Context) {
	saramaSend("assign", records, nil)
	same(saramaRead(ctx, "assign", len(records), nil, nil), records)
	saramaRead(ctx, "assign", 4, func(end int64) int64 { return end - 1 }, nil)
	client := take(sarama.NewClient(bootstrap, saramaConfig(nil)))
	defer client.Close()
	assert(take(client.GetOffset("assign", 0, 1)) == 0, "the first record since 1970")
}

// A member of a group that goes on until it is closed.
type saramaMember struct {
	group            sarama.ConsumerGroup
	partitions, read atomic.Int64
	got              sync.Map
	session          atomic.Pointer[sarama.ConsumerGroupSession]
	stop             context.CancelFunc
	done             chan struct{}
}

func (it *saramaMember) Setup(session sarama.ConsumerGroupSession) error {
	count := 0
	for _, partitions := range session.Claims() {
		count += len(partitions)
	}
	it.session.Store(&session)
	it.partitions.Store(int64(count))
	return nil
}

func (it *saramaMember) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (it *saramaMember) ConsumeClaim(_ sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		it.got.Store(string(message.Key), string(message.Value))
		it.read.Add(1)
	}
	return nil
}

func (it *saramaMember) leave() {
	it.stop()
	<-it.done
	must(it.group.Close())
}

func saramaJoin(ctx context.Context, group, topic string) *saramaMember {
	it := &saramaMember{group: take(sarama.NewConsumerGroup(bootstrap, group, saramaConfig(nil))), done: make(chan struct{})}
	ctx, it.stop = context.WithCancel(ctx)
	go func() {
		defer close(it.done)
		for ctx.Err() == nil && it.group.Consume(ctx, []string{topic}, it) == nil {
		}
	}()
	return it
}

func saramaGroup(ctx context.Context) {
	saramaSend("group", records, nil)
	one, two := saramaJoin(ctx, "g", "group"), saramaJoin(ctx, "g", "group")
	until(ctx, "two partitions for each of two members", func() bool {
		return one.partitions.Load() == 2 && two.partitions.Load() == 2 && int(one.read.Load()+two.read.Load()) >= len(records)
	})
	two.leave()
	until(ctx, "all partitions for who stayed", func() bool { return one.partitions.Load() == 4 })
	client := take(sarama.NewClient(bootstrap, saramaConfig(nil)))
	defer client.Close()
	session := *one.session.Load()
	for partition := range int32(4) {
		session.MarkOffset("group", partition, take(client.GetOffset("group", partition, sarama.OffsetNewest)), "")
	}
	session.Commit()
	one.leave()
	saramaSend("group", []pair{{"late", "late"}}, nil)
	three := saramaJoin(ctx, "g", "group")
	until(ctx, "the late record", func() bool { return three.read.Load() > 0 })
	_, late := three.got.Load("late")
	assert(late && three.read.Load() == 1, "%d records, the late one among them: %v", three.read.Load(), late)
	three.leave()
}

func saramaTransactions(ctx context.Context) {
	config := saramaConfig(func(config *sarama.Config) {
		config.Producer.Idempotent = true
		config.Producer.Transaction.ID = "t"
		config.Net.MaxOpenRequests = 1
	})
	producer := take(sarama.NewSyncProducer(bootstrap, config))
	metadata := "of a transaction"
	for _, it := range []struct {
		value  string
		offset int64
		end    func() error
	}{{"aborted", 3, producer.AbortTxn}, {"committed", 7, producer.CommitTxn}} {
		must(producer.BeginTxn())
		must(producer.SendMessages(saramaMessages("transactions", numbers(10, it.value))))
		offset := &sarama.PartitionOffsetMetadata{Partition: 0, Offset: it.offset, Metadata: &metadata}
		must(producer.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{"group": {offset}}, "t"))
		must(it.end())
	}
	must(producer.Close())
	committed := func(config *sarama.Config) { config.Consumer.IsolationLevel = sarama.ReadCommitted }
	same(saramaRead(ctx, "transactions", 10, nil, committed), numbers(10, "committed"))
	saramaRead(ctx, "transactions", 20, nil, nil)
	admin := take(sarama.NewClusterAdmin(bootstrap, saramaConfig(nil)))
	defer admin.Close()
	kept := take(admin.ListConsumerGroupOffsets("t", map[string][]int32{"group": {0}})).GetBlock("group", 0)
	assert(kept.Offset == 7, "the offset committed: %v", kept)
}

func saramaAdmin(ctx context.Context) {
	admin := take(sarama.NewClusterAdmin(bootstrap, saramaConfig(nil)))
	defer admin.Close()
	first, second := "1000000", "2000000"
	setting := func() string {
		resource := sarama.ConfigResource{Type: sarama.TopicResource, Name: "admin", ConfigNames: []string{"retention.ms"}}
		return take(admin.DescribeConfig(resource))[0].Value
	}
	must(admin.CreateTopic("admin", &sarama.TopicDetail{
		NumPartitions: 2, ReplicationFactor: 1, ConfigEntries: map[string]*string{"retention.ms": &first}}, false))
	assert(setting() == first, "retention.ms of a new topic")
	must(admin.IncrementalAlterConfig(sarama.TopicResource, "admin", map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &second}}, false))
	assert(setting() == second, "retention.ms altered incrementally")
	must(admin.AlterConfig(sarama.TopicResource, "admin", map[string]*string{"retention.ms": &first}, false))
	assert(setting() == first, "retention.ms altered")
	must(admin.CreatePartitions("admin", 4, nil, false))
	assert(len(take(admin.DescribeTopics([]string{"admin"}))[0].Partitions) == 4, "partitions created")
	saramaSend("admin", records, nil)
	must(admin.DeleteRecords("admin", map[int32]int64{0: -1}))
	topics := take(admin.ListTopics())
	assert(topics["ours-gzip"].NumPartitions == 4 && topics["admin"].NumPartitions == 4, "topics: %v", topics)
	brokers, _, err := admin.DescribeCluster()
	must(err)
	assert(len(take(admin.DescribeLogDirs([]int32{brokers[0].ID()}))) == 1, "no log directories")
	saramaGroups(ctx, admin)
	_, err = admin.ListAcls(sarama.AclFilter{ResourceType: sarama.AclResourceAny, Operation: sarama.AclOperationAny,
		PermissionType: sarama.AclPermissionAny, ResourcePatternTypeFilter: sarama.AclPatternAny})
	assert(errors.Is(err, sarama.ErrSecurityDisabled), "ACLs without an authorizer: %v", err)
	must(admin.DeleteTopic("admin"))
	until(ctx, "the topic gone", func() bool { _, there := take(admin.ListTopics())["admin"]; return !there })
}

func saramaGroups(ctx context.Context, admin sarama.ClusterAdmin) {
	member := saramaJoin(ctx, "a", "ours-none")
	until(ctx, "an assignment", func() bool { return member.partitions.Load() == 4 })
	session := *member.session.Load()
	session.MarkOffset("ours-none", 0, 1, "")
	session.Commit()
	_, listed := take(admin.ListConsumerGroups())["a"]
	assert(listed, "the group is not listed")
	assert(len(take(admin.DescribeConsumerGroups([]string{"a"}))[0].Members) == 1, "one member of the group")
	member.leave()
	kept := take(admin.ListConsumerGroupOffsets("a", map[string][]int32{"ours-none": {0}})).GetBlock("ours-none", 0)
	assert(kept.Offset == 1, "the offset committed: %v", kept)
	must(admin.DeleteConsumerGroup("a"))
}
