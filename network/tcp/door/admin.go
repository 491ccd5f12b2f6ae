package door

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"quorumlab/protocols/machine"
)

// readyWithin is how soon a node that is ready answers a read.
const readyWithin = time.Second

// Admin returns what serves the operators.
func (d *Door) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		node := d.node.Load()
		if node == nil {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		select {
		case <-(*node).Done():
			http.Error(w, "the node has stopped", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := d.ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(d.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// ready returns why the node does not serve, if so: it is asked to read a key.
func (d *Door) ready(ctx context.Context) error {
	node := d.node.Load()
	if node == nil {
		return stopped()
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	a := (*node).Request(ctx, 0, d.request.Add(1), machine.Command{Op: machine.Get, Key: sessionKey})
	switch {
	case a.Err != nil:
		return a.Err
	case a.Refusal != "":
		return fmt.Errorf("%s: %s", a.Refusal, refusals[a.Refusal])
	}
	return nil
}
