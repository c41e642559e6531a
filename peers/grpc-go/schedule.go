package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readSchedule reads the intended starts: little-endian nanoseconds since the start of the load.
func readSchedule(path string) ([]time.Duration, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(content)%8 != 0 {
		return nil, fmt.Errorf("%s has %d bytes, expected eight for each start", path, len(content))
	}
	schedule := make([]time.Duration, len(content)/8)
	for index := range schedule {
		schedule[index] = time.Duration(binary.LittleEndian.Uint64(content[8*index:]))
	}
	return schedule, nil
}

// Alarm wakes at a point in time. Go's own timers go by milliseconds where nothing else is to be done; a timer of the
// kernel, which the runtime waits for like for a connection, goes by nanoseconds.
type Alarm struct {
	timer int
	file  *os.File
}

func newAlarm() *Alarm {
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		panic(err)
	}
	return &Alarm{timer: timer, file: os.NewFile(uintptr(timer), "timer")}
}

func (a *Alarm) wait(until time.Time) {
	rest := time.Until(until)
	if rest <= 0 {
		return
	}
	wanted := unix.ItimerSpec{Value: unix.NsecToTimespec(rest.Nanoseconds())}
	if err := unix.TimerfdSettime(a.timer, 0, &wanted, nil); err != nil {
		panic(err)
	}
	var fired [8]byte
	_, _ = a.file.Read(fired[:])
}

func (a *Alarm) close() { _ = a.file.Close() }
