package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"grpc-go/helloworld"
)

// Case is what the client is told to do, as JSON.
type Case struct {
	Address string `json:"address"`
	Method  string `json:"method"`
	Bidi    string `json:"bidi"`
	Request struct {
		NameBytes int `json:"name_bytes"`
		Messages  int `json:"messages"`
	} `json:"request"`
	Reply struct {
		Size     uint32 `json:"size"`
		Messages uint32 `json:"messages"`
	} `json:"reply"`
	Metadata map[string]string `json:"metadata"`
	Deadline *time.Duration    `json:"deadline_ns"`
	Channels int               `json:"channels"`
	Closed   *struct {
		InFlight int `json:"in_flight"`
	} `json:"closed"`
	Open *struct {
		Schedule    string `json:"schedule"`
		MaxInFlight int64  `json:"max_in_flight"`
	} `json:"open"`
	WarmUp  time.Duration `json:"warm_up_ns"`
	Measure time.Duration `json:"measure_ns"`
	Drain   time.Duration `json:"drain_ns"`
}

// Load is a case under way.
type Load struct {
	Case
	work    *Work
	stubs   []helloworld.GreeterClient
	records []*Record
	// The zero of all times, and the end of the drain.
	start time.Time
	ctx   context.Context
	calls sync.WaitGroup
}

// load reads a case, plays it and writes what came of it.
func load(input io.Reader, output io.Writer) error {
	load := &Load{}
	if err := json.NewDecoder(input).Decode(&load.Case); err != nil {
		return fmt.Errorf("the case is not as expected: %w", err)
	}
	if (load.Closed == nil) == (load.Open == nil) {
		return fmt.Errorf("the case has closed and open, expected one of them")
	}
	result, err := load.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(output).Encode(result)
}

func (l *Load) run() (*Result, error) {
	var err error
	if l.work, err = newWork(&l.Case); err != nil {
		return nil, err
	}
	schedule, err := l.schedule()
	if err != nil {
		return nil, err
	}
	connections, err := connect(l.Address, l.Channels)
	if err != nil {
		return nil, err
	}
	for _, connection := range connections {
		defer func() { _ = connection.Close() }()
		l.stubs = append(l.stubs, helloworld.NewGreeterClient(connection))
	}
	for range min(len(l.stubs), runtime.GOMAXPROCS(0)) {
		l.records = append(l.records, newRecord())
	}
	l.start = time.Now()
	ctx, cancel := context.WithDeadline(context.Background(), l.start.Add(l.end()+l.Drain))
	defer cancel()
	sent, err := decoded(l.Metadata)
	if err != nil {
		return nil, err
	}
	l.ctx = metadata.NewOutgoingContext(ctx, sent)
	cpu := measureCPU(l.start, l.WarmUp, l.end())
	if schedule != nil {
		l.open(schedule)
	} else {
		l.closed()
	}
	l.calls.Wait()
	return newResult(l, <-cpu)
}

// connect opens so many connections and waits until they are there. Each is an HTTP/2 connection of its own.
func connect(address string, channels int) ([]*grpc.ClientConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var connections []*grpc.ClientConn
	for range channels {
		connection, err := grpc.NewClient("passthrough:///"+address,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))
		if err != nil {
			return nil, err
		}
		connection.Connect()
		for state := connection.GetState(); state != connectivity.Ready; state = connection.GetState() {
			if !connection.WaitForStateChange(ctx, state) {
				return nil, fmt.Errorf("no connection to %s within 10 s", address)
			}
		}
		connections = append(connections, connection)
	}
	return connections, nil
}

// end is when no more calls start.
func (l *Load) end() time.Duration { return l.WarmUp + l.Measure }

func (l *Load) now() time.Duration { return time.Since(l.start) }

// closed keeps so many calls in flight on each channel. A call is meant to start when its slot has become free.
func (l *Load) closed() {
	for channel := range l.stubs {
		for range l.Closed.InFlight {
			l.calls.Go(func() {
				for intended := l.now(); intended < l.end(); intended = l.now() {
					l.call(channel, intended)
				}
			})
		}
	}
}

func (l *Load) schedule() ([]time.Duration, error) {
	if l.Open == nil {
		return nil, nil
	}
	return readSchedule(l.Open.Schedule)
}

// open starts calls when the schedule says so, over all channels in turn, whether or not earlier ones have ended.
func (l *Load) open(schedule []time.Duration) {
	var inFlight atomic.Int64
	alarm := newAlarm()
	defer alarm.close()
	for index, intended := range schedule {
		if intended >= l.end() {
			return
		}
		alarm.wait(l.start.Add(intended))
		channel := index % len(l.stubs)
		if inFlight.Load() >= l.Open.MaxInFlight {
			l.record(channel).shed(l.isMeasured(intended))
			continue
		}
		inFlight.Add(1)
		l.calls.Go(func() {
			defer inFlight.Add(-1)
			l.call(channel, intended)
		})
	}
}

// isMeasured tells the phase of a call by its intended start.
func (l *Load) isMeasured(intended time.Duration) bool {
	return intended >= l.WarmUp && intended < l.end()
}

// record is where the calls of a channel are counted: one for each thread that there can be.
func (l *Load) record(channel int) *Record { return l.records[channel%len(l.records)] }

func (l *Load) call(channel int, intended time.Duration) {
	ctx := l.ctx
	started := l.now()
	if l.Deadline != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *l.Deadline)
		defer cancel()
	}
	call := Call{intended: intended, started: started, load: l}
	call.end(l.work.call(ctx, l.stubs[channel], &call))
	l.record(channel).add(&call, l.isMeasured(intended))
}
