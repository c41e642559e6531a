package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
)

// Result is what came of a case, as JSON.
type Result struct {
	Version  Version       `json:"version"`
	Measured time.Duration `json:"measured_ns"`
	// When the measured phase began, in Unix time.
	MeasureStart       int64         `json:"measure_start_unix_ns"`
	Counts             Totals        `json:"counts"`
	All                All           `json:"all"`
	ResponseTime       string        `json:"response_time"`
	ServiceTime        string        `json:"service_time"`
	StartLag           string        `json:"start_lag"`
	TimeToFirstMessage string        `json:"time_to_first_message"`
	CPU                time.Duration `json:"cpu_ns"`
	PeakRSS            int64         `json:"peak_rss_bytes"`
}

// Totals are the counts of the measured phase.
type Totals struct {
	Started          uint64            `json:"started"`
	OK               uint64            `json:"ok"`
	Failed           uint64            `json:"failed"`
	DeadlineExceeded uint64            `json:"deadline_exceeded"`
	Cancelled        uint64            `json:"cancelled"`
	Unfinished       uint64            `json:"unfinished"`
	Shed             uint64            `json:"shed"`
	ByStatus         map[string]uint64 `json:"by_status"`
	MessagesSent     uint64            `json:"messages_sent"`
	MessagesReceived uint64            `json:"messages_received"`
	BytesSent        uint64            `json:"bytes_sent"`
	BytesReceived    uint64            `json:"bytes_received"`
}

// All are the counts of all phases.
type All struct {
	Calls    uint64 `json:"calls"`
	Requests uint64 `json:"requests"`
	Replies  uint64 `json:"replies"`
}

// Times are the distributions of OK calls, in nanoseconds.
type Times struct {
	response, service, lag, first *hdrhistogram.Histogram
}

// Record is what calls came to.
type Record struct {
	lock   sync.Mutex
	totals Totals
	all    All
	times  Times
}

func newTimes() Times {
	one := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(time.Hour), 3) }
	return Times{one(), one(), one(), one()}
}

func newRecord() *Record {
	return &Record{totals: Totals{ByStatus: map[string]uint64{}}, times: newTimes()}
}

func (r *Record) shed(measured bool) {
	if measured {
		r.lock.Lock()
		defer r.lock.Unlock()
		r.totals.Shed++
	}
}

func (r *Record) add(call *Call, measured bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.all.Calls++
	r.all.Requests += uint64(call.sent)
	r.all.Replies += uint64(call.received)
	if !measured {
		return
	}
	totals := &r.totals
	totals.Started++
	totals.MessagesSent += uint64(call.sent)
	totals.MessagesReceived += uint64(call.received)
	totals.BytesSent += uint64(call.sentBytes)
	totals.BytesReceived += uint64(call.receivedBytes)
	r.count(call)
}

// count counts a measured call by its end, and its times where that is right.
func (r *Record) count(call *Call) {
	totals := &r.totals
	switch {
	case call.unfinished:
		totals.Unfinished++
		return
	case call.status == codes.OK && call.wrong:
		totals.Failed++
		totals.ByStatus["WRONG_REPLY"]++
		return
	case call.status == codes.OK:
		totals.OK++
		r.times.add(call)
	case call.status == codes.DeadlineExceeded:
		totals.DeadlineExceeded++
	case call.status == codes.Canceled:
		totals.Cancelled++
	default:
		totals.Failed++
	}
	totals.ByStatus[statusNames[call.status]]++
}

func (t *Times) add(call *Call) {
	for _, one := range []struct {
		histogram *hdrhistogram.Histogram
		time      time.Duration
	}{
		{t.response, call.done - call.intended},
		{t.service, call.done - call.started},
		{t.lag, call.started - call.intended},
		{t.first, call.first - call.intended},
	} {
		_ = one.histogram.RecordValue(min(int64(one.time), int64(time.Hour)))
	}
}

func (t *Times) merge(other *Times) {
	t.response.Merge(other.response)
	t.service.Merge(other.service)
	t.lag.Merge(other.lag)
	t.first.Merge(other.first)
}

func (t *Totals) merge(other *Totals) {
	t.Started += other.Started
	t.OK += other.OK
	t.Failed += other.Failed
	t.DeadlineExceeded += other.DeadlineExceeded
	t.Cancelled += other.Cancelled
	t.Unfinished += other.Unfinished
	t.Shed += other.Shed
	t.MessagesSent += other.MessagesSent
	t.MessagesReceived += other.MessagesReceived
	t.BytesSent += other.BytesSent
	t.BytesReceived += other.BytesReceived
	for status, count := range other.ByStatus {
		t.ByStatus[status] += count
	}
}

func newResult(l *Load, cpu time.Duration) (*Result, error) {
	sum := newRecord()
	for _, record := range l.records {
		sum.totals.merge(&record.totals)
		sum.times.merge(&record.times)
		sum.all.Calls += record.all.Calls
		sum.all.Requests += record.all.Requests
		sum.all.Replies += record.all.Replies
	}
	result := &Result{
		Version:      versionOf("google.golang.org/grpc"),
		Measured:     l.Measure,
		MeasureStart: l.start.Add(l.WarmUp).UnixNano(),
		Counts:       sum.totals,
		All:          sum.all,
		CPU:          cpu,
		PeakRSS:      peakRSS(),
	}
	for into, histogram := range map[*string]*hdrhistogram.Histogram{
		&result.ResponseTime:       sum.times.response,
		&result.ServiceTime:        sum.times.service,
		&result.StartLag:           sum.times.lag,
		&result.TimeToFirstMessage: sum.times.first,
	} {
		encoded, err := histogram.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			return nil, err
		}
		*into = string(encoded)
	}
	return result, nil
}

// measureCPU gives what the process takes, user and system, from one time after the start to another.
func measureCPU(start time.Time, from, to time.Duration) <-chan time.Duration {
	taken := make(chan time.Duration, 1)
	go func() {
		time.Sleep(time.Until(start.Add(from)))
		before := cpuTime()
		time.Sleep(time.Until(start.Add(to)))
		taken <- cpuTime() - before
	}()
	return taken
}

func cpuTime() time.Duration {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
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

// The names that gRPC's specification has, which are not those of the package.
var statusNames = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}
