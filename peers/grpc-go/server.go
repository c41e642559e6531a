package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"grpc-go/helloworld"
	"grpc-go/reference"
)

// Behaviour is how all calls are answered, whatever they ask for.
type Behaviour struct {
	delay      time.Duration
	errorShare float64
	errorCode  codes.Code
	errorDelay time.Duration
	calls      atomic.Uint64
}

// fails draws the next call's fate from a sequence that is the same in every run: multiples of the golden ratio.
func (b *Behaviour) fails() bool {
	_, drawn := math.Modf(float64(b.calls.Add(1)) * math.Phi)
	return drawn < b.errorShare
}

// Greeter answers in the shape that it is asked for.
type Greeter struct {
	helloworld.UnimplementedGreeterServer
	behaviour                                                     *Behaviour
	sayHello, sayHelloAgain, lotsOfReplies, lotsOfGreetings, bidi Counts
}

// SayHello answers once.
func (g *Greeter) SayHello(ctx context.Context, request *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	return g.unary(ctx, &g.sayHello, request)
}

// SayHelloAgain answers once too.
func (g *Greeter) SayHelloAgain(ctx context.Context, request *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	return g.unary(ctx, &g.sayHelloAgain, request)
}

func (g *Greeter) unary(ctx context.Context, counts *Counts, request *helloworld.HelloRequest) (*helloworld.HelloReply, error) {
	counts.calls.Add(1)
	counts.request(request)
	shape, err := begin(ctx, request, anyWhen)
	if err != nil {
		return nil, err
	}
	if err := g.open(ctx); err != nil {
		return nil, err
	}
	reply, err := shape.reply(request)
	if err != nil {
		return nil, err
	}
	if shape.code() == codes.OK {
		counts.reply(reply)
	}
	return reply, g.end(ctx, counts, shape)
}

// LotsOfReplies answers as often as it is asked to.
func (g *Greeter) LotsOfReplies(request *helloworld.HelloRequest, stream grpc.ServerStreamingServer[helloworld.HelloReply]) error {
	counts := &g.lotsOfReplies
	counts.calls.Add(1)
	counts.request(request)
	shape, err := begin(stream.Context(), request, anyWhen)
	if err != nil {
		return err
	}
	if err := g.open(stream.Context()); err != nil {
		return err
	}
	if err := g.replies(counts, shape, stream.Send); err != nil {
		return err
	}
	return g.end(stream.Context(), counts, shape)
}

// replies sends the replies that follow all requests.
func (g *Greeter) replies(counts *Counts, shape *Shape, send func(*helloworld.HelloReply) error) error {
	reply, err := shape.reply(shape.first)
	for sent := uint32(0); sent < shape.replies && err == nil; sent++ {
		counts.reply(reply)
		err = send(reply)
	}
	return err
}

// LotsOfGreetings answers once, after all requests or after the first.
func (g *Greeter) LotsOfGreetings(stream grpc.ClientStreamingServer[helloworld.HelloRequest, helloworld.HelloReply]) error {
	counts := &g.lotsOfGreetings
	counts.calls.Add(1)
	first, err := receive(counts, stream.Recv)
	if err != nil {
		return err
	}
	shape, err := begin(stream.Context(), first, (*Shape).greetings)
	if err != nil {
		return err
	}
	if shape.afterFirst {
		if err := g.answer(stream, counts, shape); err != nil {
			return err
		}
	}
	for request := first; request != nil; {
		if request, err = receive(counts, stream.Recv); err != nil {
			return err
		}
	}
	if !shape.afterFirst {
		if err := g.answer(stream, counts, shape); err != nil {
			return err
		}
	}
	return g.end(stream.Context(), counts, shape)
}

// answer sends the reply of a stream of requests, unless the call is to fail: then it has none.
func (g *Greeter) answer(stream grpc.ClientStreamingServer[helloworld.HelloRequest, helloworld.HelloReply], counts *Counts, shape *Shape) error {
	if err := g.open(stream.Context()); err != nil || shape.code() != codes.OK {
		return err
	}
	shape.replies = 1
	return g.replies(counts, shape, stream.SendAndClose)
}

// BidiHello answers each request, every so many, or after all.
func (g *Greeter) BidiHello(stream grpc.BidiStreamingServer[helloworld.HelloRequest, helloworld.HelloReply]) error {
	counts := &g.bidi
	counts.calls.Add(1)
	first, err := receive(counts, stream.Recv)
	if err != nil {
		return err
	}
	shape, err := begin(stream.Context(), first, (*Shape).bidi)
	if err != nil {
		return err
	}
	if err := g.converse(stream, counts, shape); err != nil {
		return err
	}
	if shape.every == 0 {
		if err := g.open(stream.Context()); err != nil {
			return err
		}
		if err := g.replies(counts, shape, stream.Send); err != nil {
			return err
		}
	}
	return g.end(stream.Context(), counts, shape)
}

// converse reads all requests and answers those that are to be answered as they come, and the rest at the end.
func (g *Greeter) converse(stream grpc.BidiStreamingServer[helloworld.HelloRequest, helloworld.HelloReply], counts *Counts, shape *Shape) error {
	request, latest, unanswered, opened := shape.first, shape.first, uint32(0), false
	var err error
	for {
		if request != nil {
			latest = request
			unanswered++
		}
		if shape.every > 0 && unanswered > 0 && (unanswered == shape.every || request == nil) {
			if !opened {
				opened = true
				if err := g.open(stream.Context()); err != nil {
					return err
				}
			}
			unanswered = 0
			reply, err := shape.reply(latest)
			if err != nil {
				return err
			}
			counts.reply(reply)
			if err := stream.Send(reply); err != nil {
				return err
			}
		}
		if request == nil {
			return nil
		}
		if request, err = receive(counts, stream.Recv); err != nil {
			return err
		}
	}
}

// receive gives the next request, or nil once the client has sent everything.
func receive(counts *Counts, next func() (*helloworld.HelloRequest, error)) (*helloworld.HelloRequest, error) {
	request, err := next()
	if err == io.EOF {
		return nil, nil
	}
	if err == nil {
		counts.request(request)
	}
	return request, err
}

// begin reads the shape of a call off its first request, and sends the initial metadata where that goes at once.
func begin(ctx context.Context, first *helloworld.HelloRequest, rule func(*Shape) error) (*Shape, error) {
	shape, err := shapeOf(first)
	if err != nil {
		return nil, err
	}
	if err := rule(shape); err != nil {
		return nil, err
	}
	if shape.asked.GetHeadersAtOnce() {
		return shape, grpc.SendHeader(ctx, metadata.MD{})
	}
	return shape, nil
}

// open is what comes before the first reply: the delay, or a failure in its place.
func (g *Greeter) open(ctx context.Context) error {
	behaviour := g.behaviour
	if behaviour.errorShare > 0 && behaviour.fails() {
		if err := pause(ctx, behaviour.errorDelay); err != nil {
			return err
		}
		return status.Error(behaviour.errorCode, "as the server was told to fail")
	}
	return pause(ctx, behaviour.delay)
}

func pause(ctx context.Context, delay time.Duration) error {
	if delay <= 0 {
		return nil
	}
	select {
	case <-time.After(delay):
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// end is the trailers and the status. A call is counted in full before they leave.
func (g *Greeter) end(ctx context.Context, counts *Counts, shape *Shape) error {
	if len(shape.asked.GetTrailers()) > 0 {
		if err := grpc.SetTrailer(ctx, shape.trailers()); err != nil {
			return err
		}
	}
	if code := shape.code(); code != codes.OK {
		return status.Error(code, shape.asked.GetStatusMessage())
	}
	counts.ok.Add(1)
	return nil
}

func (g *Greeter) counters() *Counters {
	return &Counters{methods: map[string]*Counts{
		"SayHello":        &g.sayHello,
		"SayHelloAgain":   &g.sayHelloAgain,
		"LotsOfReplies":   &g.lotsOfReplies,
		"LotsOfGreetings": &g.lotsOfGreetings,
		"BidiHello":       &g.bidi,
	}}
}

// serve prints the address and serves until standard input closes or SIGTERM comes.
func serve(args []string) error {
	flags := flag.NewFlagSet("server", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on")
	delay := flags.Int64("delay-ns", 0, "delay before the first reply of each call")
	share := flags.Float64("error-share", 0, "share of the calls that fail")
	code := flags.String("error-code", "UNAVAILABLE", "the status they fail with")
	errorDelay := flags.Int64("error-delay-ns", -1, "delay before they fail, if not delay-ns")
	required := Required{}
	flags.Func("require", "KEY=VALUE that every call must have in its metadata", required.add)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *errorDelay < 0 {
		*errorDelay = *delay
	}
	behaviour := &Behaviour{delay: time.Duration(*delay), errorShare: *share, errorDelay: time.Duration(*errorDelay)}
	if err := behaviour.errorCode.UnmarshalJSON([]byte(`"` + *code + `"`)); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	greeter := &Greeter{behaviour: behaviour}
	server := grpc.NewServer(append(required.options(), grpc.MaxRecvMsgSize(math.MaxInt32))...)
	helloworld.RegisterGreeterServer(server, greeter)
	reference.RegisterReferenceServer(server, greeter.counters())
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go stopAtTheEnd(server)
	fmt.Printf("http://%s\n", listener.Addr())
	return server.Serve(listener)
}

// stopAtTheEnd lets calls in flight finish, for five seconds at most.
func stopAtTheEnd(server *grpc.Server) {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end <- syscall.SIGTERM
	}()
	<-end
	time.AfterFunc(5*time.Second, server.Stop)
	server.GracefulStop()
}
