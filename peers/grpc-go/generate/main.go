// Command generate makes Go of the project's .proto files, without protoc: it compiles them in Go and hands them to the
// generators of protobuf and gRPC.
//
// What it makes stays outside the folder of the sources; overlay.json tells the Go tool where.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"
)

// The packages that the files become, below this module.
var packages = map[string]string{"helloworld.proto": "helloworld", "reference.proto": "reference"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: generate PROTOS READY")
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func generate(protos, ready string) error {
	request, err := compile(protos)
	if err != nil {
		return err
	}
	overlay := map[string]string{}
	for _, plugin := range []string{"protoc-gen-go", "protoc-gen-go-grpc"} {
		response, err := run(plugin, request)
		if err != nil {
			return err
		}
		if err := write(response, ready, overlay); err != nil {
			return err
		}
	}
	content, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(ready, "overlay.json"), content, 0o644)
}

func compile(protos string) ([]byte, error) {
	request := &pluginpb.CodeGeneratorRequest{}
	parameters := []string{"module=grpc-go"}
	for file, name := range packages {
		request.FileToGenerate = append(request.FileToGenerate, file)
		parameters = append(parameters, "M"+file+"=grpc-go/"+name)
	}
	request.Parameter = proto.String(strings.Join(parameters, ","))
	resolver := &protocompile.SourceResolver{ImportPaths: []string{protos}}
	compiler := protocompile.Compiler{Resolver: resolver, SourceInfoMode: protocompile.SourceInfoStandard}
	files, err := compiler.Compile(context.Background(), request.FileToGenerate...)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		request.ProtoFile = append(request.ProtoFile, protoutil.ProtoFromFileDescriptor(file))
	}
	return proto.Marshal(request)
}

func run(plugin string, request []byte) (*pluginpb.CodeGeneratorResponse, error) {
	command := exec.Command("go", "tool", plugin)
	command.Stdin = bytes.NewReader(request)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, err
	}
	response := &pluginpb.CodeGeneratorResponse{}
	if err := proto.Unmarshal(output, response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, errors.New(*response.Error)
	}
	return response, nil
}

func write(response *pluginpb.CodeGeneratorResponse, ready string, overlay map[string]string) error {
	for _, file := range response.File {
		made := filepath.Join(ready, "generated", file.GetName())
		if err := os.MkdirAll(filepath.Dir(made), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(made, []byte(file.GetContent()), 0o644); err != nil {
			return err
		}
		seen, err := filepath.Abs(file.GetName())
		if err != nil {
			return err
		}
		overlay[seen] = made
	}
	return nil
}
