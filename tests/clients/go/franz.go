package main

import (
	"context"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// franz-go: every capability, a function each.
func franz() {
	run("github.com/twmb/franz-go", check{"produce", franzProduce}, check{"codecs", franzCodecs}, check{"acks0", franzAcks0},
		check{"assign", franzAssign}, check{"group", franzGroup}, check{"pattern", franzPattern},
		check{"transactions", franzTransactions}, check{"admin", franzAdmin})
}

func franzClient(options ...kgo.Opt) *kgo.Client {
	return take(kgo.NewClient(append(options, kgo.SeedBrokers(bootstrap...), kgo.AllowAutoTopicCreation())...))
}

func franzSend(ctx context.Context, topic string, pairs []pair, options ...kgo.Opt) {
	client := franzClient(options...)
	must(client.ProduceSync(ctx, franzRecords(topic, pairs)...).FirstErr())
	client.Close()
}

func franzRecords(topic string, pairs []pair) []*kgo.Record {
	var records []*kgo.Record
	for _, it := range pairs {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(it.key), Value: []byte(it.value)})
	}
	return records
}

// So many records.
func franzRead(ctx context.Context, count int, options ...kgo.Opt) []pair {
	client := franzClient(append(options, kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	defer client.Close()
	var got []pair
	for len(got) < count {
		fetches := client.PollFetches(ctx)
		must(fetches.Err())
		fetches.EachRecord(func(it *kgo.Record) { got = append(got, pair{string(it.Key), string(it.Value)}) })
	}
	return got
}

func franzProduce(ctx context.Context) {
	franzSend(ctx, "produce", records)
	franzSend(ctx, "produce", records, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	same(franzRead(ctx, 2*len(records), kgo.ConsumeTopics("produce")), append(records, records...))
}

func franzCodecs(ctx context.Context) {
	codec := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	for _, name := range codecs {
		franzSend(ctx, "theirs-"+name, records, kgo.ProducerBatchCompression(codec[name]))
		same(franzRead(ctx, len(records), kgo.ConsumeTopics("theirs-"+name)), records)
		same(franzRead(ctx, len(records), kgo.ConsumeTopics("ours-"+name)), records)
	}
}

func franzAcks0(ctx context.Context) {
	pairs := numbers(2000, "acks 0")
	franzSend(ctx, "acks-0", pairs, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	same(franzRead(ctx, len(pairs), kgo.ConsumeTopics("acks-0")), pairs)
}

func franzAssign(ctx context.Context) {
	franzSend(ctx, "assign", records)
	admin := kadm.NewClient(franzClient())
	defer admin.Close()
	ends := take(admin.ListEndOffsets(ctx, "assign"))
	take(admin.ListOffsetsAfterMilli(ctx, 1, "assign")).Each(func(it kadm.ListedOffset) {
		assert(it.Err == nil && it.Offset == 0, "the first record since 1970: %v", it)
	})
	all, last, count := map[int32]kgo.Offset{}, map[int32]kgo.Offset{}, int64(0)
	ends.Each(func(it kadm.ListedOffset) {
		all[it.Partition] = kgo.NewOffset().AtStart()
		last[it.Partition] = kgo.NewOffset().At(it.Offset - 1)
		count += it.Offset
	})
	assert(count == int64(len(records)), "ends: %v", ends)
	same(franzRead(ctx, len(records), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"assign": all})), records)
	franzRead(ctx, 4, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"assign": last}))
}

// A member of a group that polls by itself, and says how many partitions it has and how many records it read.
type franzMember struct {
	*kgo.Client
	partitions, read chan int
}

func franzJoin(ctx context.Context, group, topic string) *franzMember {
	it := &franzMember{partitions: make(chan int, 100), read: make(chan int, 1000)}
	held := 0
	changed := func(by int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, changes map[string][]int32) {
			held += by * len(changes[topic])
			it.partitions <- held
		}
	}
	it.Client = franzClient(kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.Balancers(kgo.RangeBalancer(), kgo.CooperativeStickyBalancer()),
		kgo.OnPartitionsAssigned(changed(1)), kgo.OnPartitionsRevoked(changed(-1)), kgo.OnPartitionsLost(changed(-1)))
	go func() {
		for fetches := it.PollFetches(ctx); !fetches.IsClientClosed() && ctx.Err() == nil; fetches = it.PollFetches(ctx) {
			it.read <- fetches.NumRecords()
		}
	}()
	return it
}

// The newest number that was said, or the sum of all.
func latest(from chan int, so int) int {
	for len(from) > 0 {
		so = <-from
	}
	return so
}

func franzGroup(ctx context.Context) {
	franzSend(ctx, "group", records)
	one, two := franzJoin(ctx, "g", "group"), franzJoin(ctx, "g", "group")
	first, second, got := 0, 0, 0
	until(ctx, "two partitions for each of two members", func() bool {
		first, second = latest(one.partitions, first), latest(two.partitions, second)
		for _, it := range []*franzMember{one, two} {
			for len(it.read) > 0 {
				got += <-it.read
			}
		}
		return first == 2 && second == 2 && got >= len(records)
	})
	two.Close()
	until(ctx, "all partitions for who stayed", func() bool {
		first = latest(one.partitions, first)
		return first == 4
	})
	admin := kadm.NewClient(one.Client)
	commits := map[string]map[int32]kgo.EpochOffset{"group": {}}
	take(admin.ListEndOffsets(ctx, "group")).Each(func(it kadm.ListedOffset) {
		commits["group"][it.Partition] = kgo.EpochOffset{Epoch: it.LeaderEpoch, Offset: it.Offset}
	})
	one.CommitOffsetsSync(ctx, commits, nil)
	one.Close()
	franzSend(ctx, "group", []pair{{"late", "late"}})
	same(franzRead(ctx, 1, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("group")), []pair{{"late", "late"}})
}

func franzPattern(ctx context.Context) {
	for _, topic := range []string{"pattern-1", "pattern-2", "other"} {
		franzSend(ctx, topic, []pair{{"k", topic}})
	}
	got := franzRead(ctx, 2, kgo.ConsumeRegex(), kgo.ConsumeTopics("^pattern-.*"))
	same(got, []pair{{"k", "pattern-1"}, {"k", "pattern-2"}})
}

// Reads a record, writes ten, and commits or aborts both.
func franzTransactions(ctx context.Context) {
	committed := int64(0)
	for _, it := range []struct {
		value string
		end   kgo.TransactionEndTry
	}{{"aborted", kgo.TryAbort}, {"committed", kgo.TryCommit}} {
		session := take(kgo.NewGroupTransactSession(kgo.SeedBrokers(bootstrap...), kgo.AllowAutoTopicCreation(),
			kgo.TransactionalID("t"), kgo.ConsumerGroup("t"), kgo.ConsumeTopics("group"),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())))
		fetches := session.PollFetches(ctx)
		must(fetches.Err())
		must(session.Begin())
		must(session.ProduceSync(ctx, franzRecords("transactions", numbers(10, it.value))...).FirstErr())
		done := take(session.End(ctx, it.end))
		assert(done == bool(it.end), "a transaction that was to be %s was not", it.value)
		if done {
			committed = int64(fetches.NumRecords())
		}
		session.Close()
	}
	only := franzRead(ctx, 10, kgo.ConsumeTopics("transactions"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	same(only, numbers(10, "committed"))
	franzRead(ctx, 20, kgo.ConsumeTopics("transactions"), kgo.FetchIsolationLevel(kgo.ReadUncommitted()))
	admin := kadm.NewClient(franzClient())
	defer admin.Close()
	kept := int64(0)
	take(admin.FetchOffsets(ctx, "t")).Each(func(it kadm.OffsetResponse) { kept += it.At })
	assert(kept == committed && kept > 0, "%d records were read in the transaction, %d are committed", committed, kept)
}

func franzAdmin(ctx context.Context) {
	admin := kadm.NewClient(franzClient())
	defer admin.Close()
	first, second := "1000000", "2000000"
	setting := func() string {
		described := take(take(admin.DescribeTopicConfigs(ctx, "admin")).On("admin", nil))
		for _, it := range described.Configs {
			if it.Key == "retention.ms" {
				return *it.Value
			}
		}
		return ""
	}
	take(admin.CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": &first}, "admin"))
	assert(setting() == first, "retention.ms of a new topic")
	alter := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &second}}
	must(take(take(admin.AlterTopicConfigs(ctx, alter, "admin")).On("admin", nil)).Err)
	assert(setting() == second, "retention.ms altered incrementally")
	must(take(take(admin.AlterTopicConfigsState(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: &first}}, "admin")).On("admin", nil)).Err)
	assert(setting() == first, "retention.ms altered")
	must(take(take(admin.UpdatePartitions(ctx, 4, "admin")).On("admin", nil)).Err)
	franzSend(ctx, "admin", records)
	offsets := kadm.Offsets{}
	offsets.AddOffset("admin", 0, 1, -1)
	must(take(admin.DeleteRecords(ctx, offsets)).Error())
	topics := take(admin.ListTopics(ctx))
	assert(topics.Has("ours-gzip") && len(topics["admin"].Partitions) == 4, "topics: %v", topics.Names())
	assert(take(admin.BrokerMetadata(ctx)).Controller >= 0, "no controller")
	assert(len(take(admin.DescribeAllLogDirs(ctx, nil))) > 0, "no log directories")
	guess := take(admin.ApiVersions(ctx)).Sorted()[0].VersionGuess()
	assert(strings.Contains(guess, "v4."), "franz-go takes it for a Kafka %s", guess)
	franzGroups(ctx, admin)
	acls, err := admin.DescribeACLs(ctx, kadm.NewACLs().AnyResource().Allow().Deny().Operations().
		AllowHosts().DenyHosts().ResourcePatternType(kadm.ACLPatternAny))
	must(err)
	assert(acls[0].Err == kerr.SecurityDisabled, "ACLs without an authorizer: %v", acls[0].Err)
	take(admin.DeleteTopic(ctx, "admin"))
	until(ctx, "the topic gone", func() bool { return !take(admin.ListTopics(ctx)).Has("admin") })
}

func franzGroups(ctx context.Context, admin *kadm.Client) {
	member := franzJoin(ctx, "a", "ours-none")
	held := 0
	until(ctx, "an assignment", func() bool { held = latest(member.partitions, held); return held == 4 })
	member.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{"ours-none": {0: {Epoch: -1, Offset: 1}}}, nil)
	_, listed := take(admin.ListGroups(ctx))["a"]
	assert(listed, "the group is not listed")
	assert(len(take(admin.DescribeGroups(ctx, "a"))["a"].Members) == 1, "one member of the group")
	member.Close()
	kept, _ := take(admin.FetchOffsets(ctx, "a")).Lookup("ours-none", 0)
	assert(kept.At == 1, "the offset committed: %v", kept)
	take(admin.DeleteGroup(ctx, "a"))
}
