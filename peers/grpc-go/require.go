package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Required is the metadata that every call of the Greeter must have, by key; of -bin keys it is written in base64.
type Required map[string]string

// add takes KEY=VALUE from the command line.
func (r Required) add(written string) error {
	key, value, ok := strings.Cut(written, "=")
	if !ok {
		return fmt.Errorf("%s is not KEY=VALUE", written)
	}
	r[key] = value
	return nil
}

// options are interceptors where anything is required, and nothing where not.
func (r Required) options() []grpc.ServerOption {
	if len(r) == 0 {
		return nil
	}
	unary := func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if err := r.admit(ctx, info.FullMethod); err != nil {
			return nil, err
		}
		return handler(ctx, request)
	}
	stream := func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if err := r.admit(stream.Context(), info.FullMethod); err != nil {
			return err
		}
		return handler(service, stream)
	}
	return []grpc.ServerOption{grpc.UnaryInterceptor(unary), grpc.StreamInterceptor(stream)}
}

func (r Required) admit(ctx context.Context, method string) error {
	if !strings.HasPrefix(method, "/helloworld.Greeter/") {
		return nil
	}
	for key, value := range r {
		given := metadata.ValueFromIncomingContext(ctx, key)
		if len(given) != 1 || text(key, given[0]) != value {
			return status.Errorf(codes.Unauthenticated, "the call lacks the `%s` that it must have", key)
		}
	}
	return nil
}

func text(key, value string) string {
	if strings.HasSuffix(key, "-bin") {
		return base64.StdEncoding.EncodeToString([]byte(value))
	}
	return value
}

// decoded is metadata whose -bin values were written in base64.
func decoded(written map[string]string) (metadata.MD, error) {
	sent := metadata.New(written)
	for key, values := range sent {
		if !strings.HasSuffix(key, "-bin") {
			continue
		}
		value, err := base64.StdEncoding.DecodeString(values[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		sent.Set(key, string(value))
	}
	return sent, nil
}
