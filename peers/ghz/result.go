package main

import (
	"fmt"
	"math/bits"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/bojand/ghz/runner"
	"github.com/jhump/protoreflect/dynamic"
)

// ghz forgets the times of what comes after so many calls.
const mostTimes = 1_000_000

// Result is what came of a case. ghz has no intended starts: its response time is its service time.
type Result struct {
	Version      Version           `json:"version"`
	Measured     time.Duration     `json:"measured_ns"`
	MeasureStart int64             `json:"measure_start_unix_ns"`
	Counts       map[string]any    `json:"counts"`
	All          map[string]uint64 `json:"all"`
	ResponseTime string            `json:"response_time"`
	ServiceTime  string            `json:"service_time"`
	CPU          time.Duration     `json:"cpu_ns"`
	PeakRSS      int64             `json:"peak_rss_bytes"`
}

// The names that gRPC's specification has, by those of grpc-go.
var statusNames = map[string]string{
	"OK": "OK", "Canceled": "CANCELLED", "Unknown": "UNKNOWN", "InvalidArgument": "INVALID_ARGUMENT",
	"DeadlineExceeded": "DEADLINE_EXCEEDED", "NotFound": "NOT_FOUND", "AlreadyExists": "ALREADY_EXISTS",
	"PermissionDenied": "PERMISSION_DENIED", "ResourceExhausted": "RESOURCE_EXHAUSTED",
	"FailedPrecondition": "FAILED_PRECONDITION", "Aborted": "ABORTED", "OutOfRange": "OUT_OF_RANGE",
	"Unimplemented": "UNIMPLEMENTED", "Internal": "INTERNAL", "Unavailable": "UNAVAILABLE", "DataLoss": "DATA_LOSS",
	"Unauthenticated": "UNAUTHENTICATED",
}

// replies counts the messages of streams; of a call with one reply, ghz shows nothing.
type replies struct {
	count, bytes atomic.Uint64
}

func (r *replies) receive(message *dynamic.Message, err error) error {
	if err == nil && message != nil {
		text, _ := message.GetFieldByName("message").(string)
		r.count.Add(1)
		r.bytes.Add(encoded(len(text)))
	}
	return err
}

func (r *replies) take() [2]uint64 {
	return [2]uint64{r.count.Load(), r.bytes.Load()}
}

// encoded is the length of a message whose only field is a string of so many bytes.
func encoded(length int) uint64 {
	if length == 0 {
		return 0
	}
	return 1 + varint(length) + uint64(length)
}

func varint(value int) uint64 {
	return uint64(bits.Len(uint(value)|1)+6) / 7
}

func (l *Load) result(warm, report *runner.Report, before [2]uint64, begun time.Time, cpu time.Duration) (*Result, error) {
	if report.Count > mostTimes {
		return nil, fmt.Errorf("ghz keeps the times of %d calls only, and made %d: measure for less time", mostTimes, report.Count)
	}
	times := hdrhistogram.New(1, int64(time.Hour), 3)
	for _, call := range report.Details {
		if call.Status == "OK" {
			_ = times.RecordValue(min(int64(call.Latency), int64(time.Hour)))
		}
	}
	encodedTimes, err := times.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, err
	}
	received, bytes := l.received(report, before)
	return &Result{
		Version:      version(),
		Measured:     l.Measure,
		MeasureStart: begun.UnixNano(),
		Counts:       l.counts(report, received, bytes),
		All:          l.all(warm, report, received, before[0]),
		ResponseTime: string(encodedTimes),
		ServiceTime:  string(encodedTimes),
		CPU:          cpu,
		PeakRSS:      peakRSS(),
	}, nil
}

func ok(report *runner.Report) uint64 { return uint64(report.StatusCodeDist["OK"]) }

// received are the replies of the measured run. Of methods with one reply there is one to each OK, of the size that was
// asked for: ghz does not look.
func (l *Load) received(report *runner.Report, before [2]uint64) (uint64, uint64) {
	if l.streamsReplies() {
		now := l.replies.take()
		return now[0] - before[0], now[1] - before[1]
	}
	return ok(report), ok(report) * encoded(l.Reply.Size)
}

func (l *Load) counts(report *runner.Report, received, bytes uint64) map[string]any {
	byStatus := map[string]uint64{}
	failed := report.Count
	for status, count := range report.StatusCodeDist {
		byStatus[statusNames[status]] = uint64(count)
	}
	for _, apart := range []string{"OK", "DEADLINE_EXCEEDED", "CANCELLED"} {
		failed -= byStatus[apart]
	}
	return map[string]any{
		"started":           report.Count,
		"ok":                byStatus["OK"],
		"failed":            failed,
		"deadline_exceeded": byStatus["DEADLINE_EXCEEDED"],
		"cancelled":         byStatus["CANCELLED"],
		"unfinished":        0,
		"shed":              0,
		"by_status":         byStatus,
		"messages_sent":     report.Count * l.sentPerCall(),
		"messages_received": received,
		"bytes_sent":        report.Count * l.sentBytesPerCall(),
		"bytes_received":    bytes,
	}
}

// all is nothing where calls failed: how much of them was sent, ghz does not tell.
func (l *Load) all(warm, report *runner.Report, received, before uint64) map[string]uint64 {
	calls := warm.Count + report.Count
	if ok(warm)+ok(report) != calls {
		return nil
	}
	if !l.streamsReplies() {
		before = ok(warm)
	}
	return map[string]uint64{"calls": calls, "requests": calls * l.sentPerCall(), "replies": before + received}
}

func (l *Load) sentPerCall() uint64 {
	if l.streamsRequests() {
		return l.Request.Messages
	}
	return 1
}

func (l *Load) sentBytesPerCall() uint64 {
	name, size := encoded(l.Request.NameBytes), 1+varint(l.Reply.Size)
	shape := size
	if l.Method == "LotsOfReplies" && l.Reply.Messages != 1 {
		shape += 1 + varint(int(l.Reply.Messages))
	}
	// The shape has a tag of two bytes and a length of one.
	further := name
	if l.Method == "BidiHello" {
		further += 3 + size
	}
	return name + 3 + shape + (l.sentPerCall()-1)*further
}

// cpuTime is what the process has taken, user and system.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakRSS is the most memory that this program held; getrusage would add what its parent held as it forked.
func peakRSS() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	_, _ = fmt.Sscan(rest, &kilobytes)
	return kilobytes << 10
}
