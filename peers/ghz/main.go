// ghz as a client of the comparison: a case as JSON becomes two runs of it, the warm-up and the measured one, and their
// reports become the result. What ghz cannot know is left out.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/bojand/ghz/runner"
)

// Case is what is asked for.
type Case struct {
	Address string `json:"address"`
	Method  string `json:"method"`
	Bidi    string `json:"bidi"`
	Request struct {
		NameBytes int    `json:"name_bytes"`
		Messages  uint64 `json:"messages"`
	} `json:"request"`
	Reply struct {
		Size     int    `json:"size"`
		Messages uint64 `json:"messages"`
	} `json:"reply"`
	Metadata map[string]string `json:"metadata"`
	Deadline time.Duration     `json:"deadline_ns"`
	Channels uint              `json:"channels"`
	Closed   *struct {
		InFlight uint `json:"in_flight"`
	} `json:"closed"`
	WarmUp  time.Duration `json:"warm_up_ns"`
	Measure time.Duration `json:"measure_ns"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "version":
		return json.NewEncoder(os.Stdout).Encode(version())
	case len(args) == 2 && args[0] == "client":
		return load(os.Stdin, os.Stdout, args[1])
	}
	return errors.New("usage: peer version | client PROTOS < CASE")
}

// Version is what this program is made of.
type Version struct {
	Stack   string `json:"stack"`
	Runtime string `json:"runtime"`
}

func version() Version {
	version := Version{Stack: "ghz", Runtime: runtime.Version()}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return version
	}
	for _, module := range build.Deps {
		number := strings.TrimPrefix(module.Version, "v")
		switch module.Path {
		case "github.com/bojand/ghz":
			version.Stack += " " + number
		case "google.golang.org/grpc":
			version.Runtime += ", grpc-go " + number
		}
	}
	return version
}

func load(input io.Reader, output io.Writer, protos string) error {
	var given Case
	if err := json.NewDecoder(input).Decode(&given); err != nil {
		return fmt.Errorf("the case is not as expected: %w", err)
	}
	if given.Closed == nil {
		return errors.New("ghz cannot play a schedule: closed loop only")
	}
	if given.Method == "BidiHello" && given.Bidi == "ping_pong" {
		return errors.New("ghz does not wait for replies before it sends: no ping-pong")
	}
	load := &Load{Case: given, protos: protos}
	result, err := load.play()
	if err != nil {
		return err
	}
	return json.NewEncoder(output).Encode(result)
}

// Load is a case under way.
type Load struct {
	Case
	protos  string
	replies replies
}

func (l *Load) play() (*Result, error) {
	warm := &runner.Report{}
	if l.WarmUp > 0 {
		var err error
		if warm, err = l.run(l.WarmUp); err != nil {
			return nil, err
		}
	}
	before := l.replies.take()
	begun, cpu := time.Now(), cpuTime()
	report, err := l.run(l.Measure)
	if err != nil {
		return nil, err
	}
	cpu = cpuTime() - cpu
	return l.result(warm, report, before, begun, cpu)
}

func (l *Load) run(length time.Duration) (*runner.Report, error) {
	return runner.Run("helloworld.Greeter."+l.Method, l.Address,
		runner.WithInsecure(true),
		runner.WithProtoFile("helloworld.proto", []string{l.protos}),
		runner.WithDataFromJSON(l.messages()),
		runner.WithDisableTemplateData(true),
		runner.WithMetadata(l.Metadata),
		runner.WithConnections(l.Channels),
		runner.WithConcurrency(l.Channels*l.Closed.InFlight),
		runner.WithRunDuration(length),
		runner.WithDurationStopAction("wait"),
		runner.WithTimeout(l.Deadline),
		runner.WithStreamRecvMsgIntercept(l.replies.receive),
	)
}

// messages is what one call sends: an object, or an array where the method streams requests.
func (l *Load) messages() string {
	name := strings.Repeat("n", l.Request.NameBytes)
	shape := map[string]any{"size": l.Reply.Size}
	if l.Method == "LotsOfReplies" && l.Reply.Messages != 1 {
		shape["messages"] = l.Reply.Messages
	}
	first := map[string]any{"name": name, "reply": shape}
	var content any = first
	if l.streamsRequests() {
		further := map[string]any{"name": name}
		if l.Method == "BidiHello" {
			further["reply"] = map[string]any{"size": l.Reply.Size}
		}
		all := []any{first}
		for uint64(len(all)) < l.Request.Messages {
			all = append(all, further)
		}
		content = all
	}
	// A map of strings and numbers has JSON.
	text, _ := json.Marshal(content)
	return string(text)
}

func (l *Load) streamsRequests() bool {
	return l.Method == "LotsOfGreetings" || l.Method == "BidiHello"
}

func (l *Load) streamsReplies() bool {
	return l.Method == "LotsOfReplies" || l.Method == "BidiHello"
}
