package door_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"quorumlab/network/tcp/door"
	"quorumlab/protocols/machine"
)

// BenchmarkPut has clients write, one connection each, to a node that answers at once:
// what is measured is the door, from both sides.
func BenchmarkPut(b *testing.B) {
	for name, options := range map[string]func() door.ClientOptions{
		"binary": func() door.ClientOptions { return door.ClientOptions{} },
		"HTTP":   func() door.ClientOptions { return door.ClientOptions{HTTP: door.NewTransport(1)} },
	} {
		b.Run(name, func(b *testing.B) {
			l := newLobby(b)
			defer l.end()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			server := &http.Server{Handler: l.door.Clients()}
			go server.Serve(listener)
			defer server.Close()
			command := machine.Command{Op: machine.Put, Key: "key", Value: strings.Repeat("v", 100)}
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				client := door.NewClient([]string{listener.Addr().String()}, options())
				defer client.Close()
				for pb.Next() {
					if _, err := client.Do(b.Context(), command); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
