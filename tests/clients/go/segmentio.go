package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

// segmentio/kafka-go: every capability, a function each. Its writer knows no transactions, its reader no patterns.
func segmentio() {
	fmt.Println("pattern\tnone\tkafka-go subscribes to topics by name alone")
	fmt.Println("transactions\tnone\tkafka-go's writer has none")
	run("github.com/segmentio/kafka-go", check{"produce", segmentioProduce}, check{"codecs", segmentioCodecs},
		check{"acks0", segmentioAcks0}, check{"assign", segmentioAssign}, check{"group", segmentioGroup},
		check{"admin", segmentioAdmin})
}

func segmentioClient() *kafka.Client {
	return &kafka.Client{Addr: kafka.TCP(bootstrap...), Timeout: 10 * time.Second}
}

// Its writer does not wait until a topic that Metadata makes is there.
func segmentioTopic(ctx context.Context, topic string) {
	created := take(segmentioClient().CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 4, ReplicationFactor: 1}}}))
	if err := created.Errors[topic]; !errors.Is(err, kafka.TopicAlreadyExists) {
		must(err)
	}
}

func segmentioSend(ctx context.Context, topic string, pairs []pair, acks kafka.RequiredAcks, codec kafka.Compression) {
	segmentioTopic(ctx, topic)
	writer := &kafka.Writer{Addr: kafka.TCP(bootstrap...), Topic: topic, RequiredAcks: acks, Compression: codec,
		Balancer: &kafka.Hash{}, BatchTimeout: 20 * time.Millisecond, BatchSize: 1000}
	var messages []kafka.Message
	for _, it := range pairs {
		messages = append(messages, kafka.Message{Key: []byte(it.key), Value: []byte(it.value)})
	}
	must(writer.WriteMessages(ctx, messages...))
	must(writer.Close())
}

// So many records, every partition from where `start` says.
func segmentioRead(ctx context.Context, topic string, count int, start func(kafka.PartitionOffsets) int64) []pair {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages := make(chan kafka.Message)
	for partition, offsets := range segmentioOffsets(ctx, topic) {
		reader := kafka.NewReader(kafka.ReaderConfig{Brokers: bootstrap, Topic: topic, Partition: partition,
			MaxWait: 100 * time.Millisecond, MinBytes: 1, MaxBytes: 10 << 20})
		must(reader.SetOffset(start(offsets)))
		go func() {
			defer reader.Close()
			for {
				message, err := reader.ReadMessage(ctx)
				if err != nil {
					return
				}
				select {
				case messages <- message:
				case <-ctx.Done():
				}
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
	return got
}

func fromStart(kafka.PartitionOffsets) int64 { return kafka.FirstOffset }

func segmentioOffsets(ctx context.Context, topic string) map[int]kafka.PartitionOffsets {
	var asked []kafka.OffsetRequest
	for partition := range 4 {
		asked = append(asked, kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition))
	}
	request := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}}
	all := map[int]kafka.PartitionOffsets{}
	for _, it := range take(segmentioClient().ListOffsets(ctx, request)).Topics[topic] {
		must(it.Error)
		all[it.Partition] = it
	}
	return all
}

func segmentioProduce(ctx context.Context) {
	segmentioSend(ctx, "produce", records, kafka.RequireAll, 0)
	segmentioSend(ctx, "produce", records, kafka.RequireOne, 0)
	same(segmentioRead(ctx, "produce", 2*len(records), fromStart), append(records, records...))
}

func segmentioCodecs(ctx context.Context) {
	for codec, name := range codecs {
		segmentioSend(ctx, "theirs-"+name, records, kafka.RequireAll, kafka.Compression(codec))
		same(segmentioRead(ctx, "theirs-"+name, len(records), fromStart), records)
		same(segmentioRead(ctx, "ours-"+name, len(records), fromStart), records)
	}
}

func segmentioAcks0(ctx context.Context) {
	pairs := numbers(2000, "acks 0")
	// Who asks for no answer does not hear that the topic is not ready yet.
	segmentioSend(ctx, "acks-0", numbers(1, "first"), kafka.RequireAll, 0)
	segmentioSend(ctx, "acks-0", pairs, kafka.RequireNone, 0)
	same(segmentioRead(ctx, "acks-0", 1+len(pairs), fromStart), append(pairs, numbers(1, "first")...))
}

func segmentioAssign(ctx context.Context) {
	segmentioSend(ctx, "assign", records, kafka.RequireAll, 0)
	same(segmentioRead(ctx, "assign", len(records), fromStart), records)
	segmentioRead(ctx, "assign", 4, func(it kafka.PartitionOffsets) int64 { return it.LastOffset - 1 })
	since := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		"assign": {kafka.TimeOffsetOf(0, time.UnixMilli(1))}}}
	_, found := take(segmentioClient().ListOffsets(ctx, since)).Topics["assign"][0].Offsets[0]
	assert(found, "the first record since 1970")
}

// A member of a group that notes how many partitions its newest generation gave it.
type segmentioMember struct {
	group      *kafka.ConsumerGroup
	partitions atomic.Int64
	generation atomic.Pointer[kafka.Generation]
}

func segmentioJoin(ctx context.Context, group, topic string) *segmentioMember {
	it := &segmentioMember{group: take(kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: group, Brokers: bootstrap,
		Topics: []string{topic}, StartOffset: kafka.FirstOffset, HeartbeatInterval: 300 * time.Millisecond}))}
	go func() {
		for {
			generation, err := it.group.Next(ctx)
			if errors.Is(err, kafka.ErrGroupClosed) || ctx.Err() != nil {
				return
			}
			if err != nil {
				continue
			}
			it.generation.Store(generation)
			it.partitions.Store(int64(len(generation.Assignments[topic])))
			// Next waits until what a generation started has ended.
			generation.Start(func(ctx context.Context) { <-ctx.Done() })
		}
	}()
	return it
}

func segmentioGroup(ctx context.Context) {
	segmentioSend(ctx, "group", records, kafka.RequireAll, 0)
	one, two := segmentioJoin(ctx, "g", "group"), segmentioJoin(ctx, "g", "group")
	until(ctx, "two partitions for each of two members", func() bool {
		return one.partitions.Load() == 2 && two.partitions.Load() == 2
	})
	must(two.group.Close())
	until(ctx, "all partitions for who stayed", func() bool { return one.partitions.Load() == 4 })
	ends := map[int]int64{}
	for partition, it := range segmentioOffsets(ctx, "group") {
		ends[partition] = it.LastOffset
	}
	must(one.generation.Load().CommitOffsets(map[string]map[int]int64{"group": ends}))
	must(one.group.Close())
	segmentioSend(ctx, "group", []pair{{"late", "late"}}, kafka.RequireAll, 0)
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: bootstrap, GroupID: "g", Topic: "group", StartOffset: kafka.FirstOffset})
	late := take(reader.ReadMessage(ctx))
	assert(string(late.Value) == "late", "instead of the late record: %s", late.Value)
	must(reader.Close())
}

func segmentioAdmin(ctx context.Context) {
	admin := segmentioClient()
	setting := func(value string) {
		until(ctx, "retention.ms "+value, func() bool { return segmentioRetention(ctx, admin) == value })
	}
	created := take(admin.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: "admin", NumPartitions: 2,
		ReplicationFactor: 1, ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "1000000"}}}}}))
	must(created.Errors["admin"])
	setting("1000000")
	altered := take(admin.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: "admin",
			Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: "retention.ms", Value: "2000000"}}}}}))
	must(altered.Resources[0].Error)
	setting("2000000")
	for _, err := range take(admin.AlterConfigs(ctx, &kafka.AlterConfigsRequest{Resources: []kafka.AlterConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: "admin",
		Configs: []kafka.AlterConfigRequestConfig{{Name: "retention.ms", Value: "1000000"}}}}})).Errors {
		must(err)
	}
	setting("1000000")
	more := take(admin.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{
		Topics: []kafka.TopicPartitionsConfig{{Name: "admin", Count: 4}}}))
	must(more.Errors["admin"])
	// The client keeps what it knows of topics for some seconds.
	until(ctx, "four partitions", func() bool { return segmentioTopics(ctx, admin)["admin"] == 4 })
	assert(segmentioTopics(ctx, admin)["ours-gzip"] == 4, "not all topics are listed")
	segmentioGroups(ctx, admin)
	acls := take(admin.DescribeACLs(ctx, &kafka.DescribeACLsRequest{Filter: kafka.ACLFilter{ResourceTypeFilter: kafka.ResourceTypeAny,
		ResourcePatternTypeFilter: kafka.PatternTypeAny, Operation: kafka.ACLOperationTypeAny, PermissionType: kafka.ACLPermissionTypeAny}}))
	assert(errors.Is(acls.Error, kafka.SecurityDisabled), "ACLs without an authorizer: %v", acls.Error)
	must(take(admin.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{"admin"}})).Errors["admin"])
	until(ctx, "the topic gone", func() bool { return segmentioTopics(ctx, admin)["admin"] == 0 })
}

func segmentioRetention(ctx context.Context, admin *kafka.Client) string {
	answer := take(admin.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{
		{ResourceType: kafka.ResourceTypeTopic, ResourceName: "admin", ConfigNames: []string{"retention.ms"}}}}))
	return answer.Resources[0].ConfigEntries[0].ConfigValue
}

// The number of partitions of every topic.
func segmentioTopics(ctx context.Context, admin *kafka.Client) map[string]int {
	all := map[string]int{}
	for _, it := range take(admin.Metadata(ctx, &kafka.MetadataRequest{})).Topics {
		all[it.Name] = len(it.Partitions)
	}
	return all
}

func segmentioGroups(ctx context.Context, admin *kafka.Client) {
	member := segmentioJoin(ctx, "a", "ours-none")
	until(ctx, "an assignment", func() bool { return member.partitions.Load() == 4 })
	must(member.generation.Load().CommitOffsets(map[string]map[int]int64{"ours-none": {0: 1}}))
	listed := false
	for _, it := range take(admin.ListGroups(ctx, &kafka.ListGroupsRequest{})).Groups {
		listed = listed || it.GroupID == "a"
	}
	assert(listed, "the group is not listed")
	described := take(admin.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{"a"}}))
	assert(len(described.Groups[0].Members) == 1, "one member of the group")
	must(member.group.Close())
	kept := take(admin.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: "a", Topics: map[string][]int{"ours-none": {0}}}))
	assert(kept.Topics["ours-none"][0].CommittedOffset == 1, "the offset committed: %v", kept)
	must(take(admin.DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: []string{"a"}})).Errors["a"])
}
