package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// franz-go as a member of GROUP that reads TOPIC, until its input ends: a line for whatever happens to it, as tests/tests/groups/mixed.rs reads them.
// What was read of a partition is committed before the partition is let go.
func franzMemberOfGroup() {
	topic := os.Getenv("TOPIC")
	tell := func(what string) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(ctx context.Context, client *kgo.Client, changes map[string][]int32) {
			if what == "taken" {
				must(client.CommitUncommittedOffsets(ctx))
			}
			for _, partition := range changes[topic] {
				fmt.Printf("%d %s %d\n", time.Now().UnixNano(), what, partition)
			}
		}
	}
	options := []kgo.Opt{kgo.SeedBrokers(bootstrap...), kgo.ConsumerGroup(os.Getenv("GROUP")), kgo.ConsumeTopics(topic),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(tell("given")), kgo.OnPartitionsRevoked(tell("taken")), kgo.OnPartitionsLost(tell("lost"))}
	client := take(kgo.NewClient(append(options, waysToShare[os.Getenv("PROTOCOL")]...)...))
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if ctx.Err() == nil {
			must(fetches.Err())
		}
		fetches.EachRecord(func(it *kgo.Record) {
			fmt.Printf("%d read %d %d\n", time.Now().UnixNano(), it.Partition, binary.BigEndian.Uint64(it.Value))
		})
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
	fmt.Printf("%d left\n", time.Now().UnixNano())
}

var waysToShare = map[string][]kgo.Opt{
	"eager":       {kgo.Balancers(kgo.RangeBalancer()), kgo.HeartbeatInterval(100 * time.Millisecond)},
	"cooperative": {kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.HeartbeatInterval(100 * time.Millisecond)},
	"consumer":    {kgo.Balancers(kgo.StickyBalancer()), kgo.ServerSideBalancer()},
}
