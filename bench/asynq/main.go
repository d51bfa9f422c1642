// Asynq through the measurements every queue goes through (see ../programs/measure-queue.ts): the same phases, the same
// sizes, the same lines of JSON on standard output. It has no bulk submit; its clients add concurrently instead.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
)

const (
	warmUpTasks  = 3000
	latencyPause = 8 * time.Millisecond
)

type input struct {
	Address         string `json:"address"`
	Measure         string `json:"measure"`
	Tasks           int    `json:"tasks"`
	SinglesInFlight int    `json:"singlesInFlight"`
	Concurrency     int    `json:"concurrency"`
}

type payload struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

type queue struct {
	in      input
	redis   asynq.RedisClientOpt
	client  *asynq.Client
	servers []*asynq.Server
	handled atomic.Int64
	started atomic.Int64
}

func main() {
	q := &queue{}
	must(json.Unmarshal([]byte(os.Args[1]), &q.in))
	q.redis = asynq.RedisClientOpt{Addr: strings.TrimPrefix(q.in.Address, "redis://"), PoolSize: q.in.SinglesInFlight}
	q.client = asynq.NewClient(q.redis)
	q.warmUp()
	say("ready", nil)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "go" {
			say("done", q.measure())
		}
	}
	q.rest()
}

func (q *queue) warmUp() {
	q.submit("warm", 2*warmUpTasks)
	if q.in.Measure == "fill" || q.in.Measure == "singles" {
		return
	}
	q.work("warm")
	q.completed("warm", 2*warmUpTasks)
	q.rest()
	q.handled.Store(0)
}

func (q *queue) measure() map[string]any {
	switch q.in.Measure {
	case "life":
		submit := timed(func() { q.submit("main", q.in.Tasks) })
		process := timed(func() {
			q.work("main")
			q.completed("main", q.in.Tasks)
		})
		return map[string]any{"submitMs": submit, "processMs": process, "totalMs": submit + process}
	case "together":
		q.work("main")
		return map[string]any{"totalMs": timed(func() {
			q.submit("main", q.in.Tasks)
			q.completed("main", q.in.Tasks)
		})}
	case "latency":
		return map[string]any{"latenciesMs": q.latencies()}
	default:
		return map[string]any{"submitMs": timed(func() { q.submit("main", q.in.Tasks) })}
	}
}

func (q *queue) latencies() []float64 {
	q.work("main")
	latencies := make([]float64, 0, q.in.Tasks)
	for n := 0; n < q.in.Tasks; n++ {
		time.Sleep(latencyPause)
		before := q.handled.Load()
		added := time.Now().UnixNano()
		q.add("main", n)
		for q.handled.Load() == before {
			time.Sleep(100 * time.Microsecond)
		}
		latencies = append(latencies, float64(q.started.Load()-added)/1e6)
	}
	return latencies
}

func (q *queue) add(name string, number int) {
	data, err := json.Marshal(payload{Number: number, Text: strings.Repeat("x", 75)})
	must(err)
	// Without a retention Asynq deletes what has succeeded; BullMQ and XQueue keep it.
	_, err = q.client.Enqueue(asynq.NewTask(name, data), asynq.Queue(name), asynq.Retention(24*time.Hour))
	must(err)
}

func (q *queue) submit(name string, count int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range q.in.SinglesInFlight {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := int(next.Add(1)); n <= count; n = int(next.Add(1)) {
				q.add(name, n)
			}
		}()
	}
	all.Wait()
}

func (q *queue) work(name string) {
	server := asynq.NewServer(q.redis, asynq.Config{
		Concurrency:       q.in.Concurrency,
		Queues:            map[string]int{name: 1},
		LogLevel:          asynq.FatalLevel,
		TaskCheckInterval: 200 * time.Millisecond,
	})
	must(server.Start(asynq.HandlerFunc(func(_ context.Context, _ *asynq.Task) error {
		q.started.Store(time.Now().UnixNano())
		q.handled.Add(1)
		return nil
	})))
	q.servers = append(q.servers, server)
}

func (q *queue) completed(name string, count int) {
	for q.handled.Load() < int64(count) {
		time.Sleep(2 * time.Millisecond)
	}
	inspector := asynq.NewInspector(q.redis)
	defer inspector.Close()
	for {
		info, err := inspector.GetQueueInfo(name)
		must(err)
		if info.Completed >= count {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (q *queue) rest() {
	for _, server := range q.servers {
		server.Shutdown()
	}
	q.servers = nil
}

func timed(work func()) float64 {
	started := time.Now()
	work()
	return float64(time.Since(started).Nanoseconds()) / 1e6
}

func say(is string, value any) {
	line, err := json.Marshal(map[string]any{"is": is, "value": value})
	must(err)
	fmt.Printf("#bench %s\n", line)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
