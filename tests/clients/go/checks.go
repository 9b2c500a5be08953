// What the Go programs share: the records to write, and a line of output per capability.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	checkMax = 40 * time.Second
	waitMax  = 15 * time.Second
)

var (
	bootstrap = strings.Split(os.Getenv("BOOTSTRAP"), ",")
	codecs    = []string{"none", "gzip", "snappy", "lz4", "zstd"}
	records   = wanted()
)

type pair struct{ key, value string }

type check struct {
	name string
	do   func(context.Context)
}

func main() {
	clients := map[string]func(){"franz-go": franz, "sarama": saramaClient, "kafka-go": segmentio,
		"franz-go-member": franzMemberOfGroup}
	clients[os.Args[1]]()
}

// The records that everybody writes; the runner compares them with what our consumer reads.
func wanted() []pair {
	text, err := os.ReadFile(os.Getenv("RECORDS"))
	must(err)
	var all []pair
	for line := range bytes.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), "\t")
		all = append(all, pair{key, value})
	}
	return all
}

func numbers(count int, value string) []pair {
	all := make([]pair, count)
	for n := range all {
		all[n] = pair{fmt.Sprint(n), value}
	}
	return all
}

// Both hold the same records, in whichever order.
func same(read, wrote []pair) {
	order := func(a, b pair) int { return strings.Compare(a.key+"\t"+a.value, b.key+"\t"+b.value) }
	read, wrote = slices.Clone(read), slices.Clone(wrote)
	slices.SortFunc(read, order)
	slices.SortFunc(wrote, order)
	assert(slices.Equal(read, wrote), "%d records read, %d written, or they differ", len(read), len(wrote))
}

// Looks again and again until it is true.
func until(ctx context.Context, what string, condition func() bool) {
	deadline := time.Now().Add(waitMax)
	for !condition() {
		assert(time.Now().Before(deadline) && ctx.Err() == nil, "%s: not within %v", what, waitMax)
		time.Sleep(20 * time.Millisecond)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func take[T any](value T, err error) T {
	must(err)
	return value
}

func assert(holds bool, format string, args ...any) {
	if !holds {
		panic(fmt.Errorf(format, args...))
	}
}

// Prints the version and a line per capability: `NAME ok`, or `NAME FAILED why`.
func run(module string, checks ...check) {
	fmt.Printf("version\t%s\n", version(module))
	for _, each := range checks {
		ctx, cancel := context.WithTimeout(context.Background(), checkMax)
		outcome := make(chan string, 1)
		go func() { outcome <- tried(ctx, each) }()
		select {
		case text := <-outcome:
			fmt.Printf("%s\t%s\n", each.name, text)
		case <-time.After(checkMax + time.Second):
			fmt.Printf("%s\tFAILED\tnot done within %v\n", each.name, checkMax)
		}
		cancel()
	}
}

func tried(ctx context.Context, it check) (outcome string) {
	defer func() {
		if why := recover(); why != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s\n", it.name, why, debug.Stack())
			outcome = "FAILED\t" + strings.ReplaceAll(fmt.Sprint(why), "\n", " ")
		}
	}()
	it.do(ctx)
	return "ok"
}

func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, it := range info.Deps {
		if it.Path == module {
			return strings.TrimPrefix(it.Version, "v")
		}
	}
	return "?"
}
