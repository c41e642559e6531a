// A Greeter on grpc-go, and a client that puts load on one.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "version":
			return json.NewEncoder(os.Stdout).Encode(versionOf("google.golang.org/grpc"))
		case "server":
			return serve(args[1:])
		case "client":
			return load(os.Stdin, os.Stdout)
		}
	}
	return fmt.Errorf("usage: peer version | server --listen ADDRESS | client < CASE")
}

// Version is what this program is made of.
type Version struct {
	Stack   string `json:"stack"`
	Runtime string `json:"runtime"`
}

func versionOf(module string) Version {
	version := Version{Stack: "grpc-go", Runtime: runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range build.Deps {
			if dependency.Path == module {
				version.Stack += " " + strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return version
}
