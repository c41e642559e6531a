package main

import (
	"context"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"grpc-go/reference"
)

// Counts are what the server has counted for one method.
type Counts struct {
	calls, ok, requests, replies, requestBytes, replyBytes atomic.Uint64
}

func (c *Counts) request(message proto.Message) {
	c.requests.Add(1)
	c.requestBytes.Add(uint64(proto.Size(message)))
}

func (c *Counts) reply(message proto.Message) {
	c.replies.Add(1)
	c.replyBytes.Add(uint64(proto.Size(message)))
}

func (c *Counts) snapshot() *reference.MethodCounters {
	return &reference.MethodCounters{
		Calls:        c.calls.Load(),
		Ok:           c.ok.Load(),
		Requests:     c.requests.Load(),
		Replies:      c.replies.Load(),
		RequestBytes: c.requestBytes.Load(),
		ReplyBytes:   c.replyBytes.Load(),
	}
}

// Counters gives out the counts of all methods.
type Counters struct {
	reference.UnimplementedReferenceServer
	methods map[string]*Counts
}

// GetCounters tells what the server has counted since it started.
func (c *Counters) GetCounters(context.Context, *reference.GetCountersRequest) (*reference.Counters, error) {
	methods := map[string]*reference.MethodCounters{}
	for name, counts := range c.methods {
		methods[name] = counts.snapshot()
	}
	return &reference.Counters{Methods: methods}, nil
}
