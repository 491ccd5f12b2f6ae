package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// Order is what a supervisor is told to do. Do is one of kill, stop, restart, pause,
// resume, partition, cut, heal, status, down.
type Order struct {
	Do string `json:"do"`
	// Node is whom it is about.
	Node protocols.NodeID `json:"node,omitempty"`
	// Groups are those of a partition, Pairs the directions of a cut.
	Groups [][]protocols.NodeID `json:"groups,omitempty"`
	Pairs  []proxy.Pair         `json:"pairs,omitempty"`
}

// Report is the answer to an order: how things are when it has been carried out.
type Report struct {
	Nodes []ProcessStatus `json:"nodes"`
	Cuts  []proxy.Pair    `json:"cuts"`
	Error string          `json:"error,omitempty"`
}

// Carry carries out an order.
func (s *Supervisor) Carry(order Order) Report {
	var err error
	switch order.Do {
	case "kill":
		err = s.Kill(order.Node)
	case "stop":
		err = s.Stop(order.Node)
	case "restart":
		err = s.Restart(order.Node)
	case "pause":
		err = s.Pause(order.Node)
	case "resume":
		err = s.Resume(order.Node)
	case "partition", "cut", "heal":
		err = s.cut(order)
	case "status", "down":
	default:
		err = fmt.Errorf("no order %q", order.Do)
	}
	report := Report{Nodes: s.Status(), Cuts: s.mesh.Cuts()}
	if err != nil {
		report.Error = err.Error()
	}
	return report
}

// errDirect says that there is no mesh between the nodes.
var errDirect = errors.New("nothing can be cut: the nodes reach one another directly, and not through a proxy\n" +
	"  hint: cluster up without --direct")

// cut changes what gets through between the nodes.
func (s *Supervisor) cut(order Order) error {
	named := slices.Concat(order.Groups...)
	for _, pair := range order.Pairs {
		named = append(named, pair.From, pair.To)
	}
	for _, id := range named {
		if !s.has(id) {
			return s.noNode(id)
		}
	}
	switch {
	case s.direct():
		return errDirect
	case order.Do == "partition":
		s.mesh.Partition(order.Groups...)
	case order.Do == "cut":
		s.mesh.Cut(order.Pairs...)
	default:
		s.mesh.Heal()
	}
	return nil
}

// Serve takes orders until the context ends or one is to go down, and then closes
// the supervisor. Whoever can read cluster.json can give orders.
func (s *Supervisor) Serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, down := context.WithCancel(ctx)
	defer down()
	token := rand.Text()
	// Once an order to go down is answered, nothing is written to the folder any more.
	end := sync.OnceValue(func() error {
		s.Close()
		return s.layout.write(s.options.Dir)
	})
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			http.Error(w, "the token is missing", http.StatusForbidden)
			return
		}
		var order Order
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&order); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		report := s.Carry(order)
		if order.Do == "down" {
			if err := end(); err != nil {
				report.Error = err.Error()
			}
			report.Nodes = s.Status()
		}
		json.NewEncoder(w).Encode(report)
		if order.Do == "down" {
			down()
		}
	})}
	layout := s.layout
	layout.Control, layout.Token = listener.Addr().String(), token
	if err := layout.write(s.options.Dir); err != nil {
		listener.Close()
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	<-ctx.Done()
	ended := end()
	closing, cancel := context.WithTimeout(context.Background(), time.Second) // for the answer under way
	defer cancel()
	server.Shutdown(closing)
	<-served
	return ended
}

// ErrDown says that no supervisor of the folder runs.
var ErrDown = errors.New("the cluster is down")

// Send gives an order to the supervisor of a folder. The error is ErrDown if there is
// none.
func Send(ctx context.Context, dir string, order Order) (Report, error) {
	var report Report
	layout, err := ReadLayout(dir)
	if err != nil {
		return report, err
	}
	if layout.Control == "" {
		return report, ErrDown
	}
	body, err := json.Marshal(order)
	if err != nil {
		return report, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+layout.Control, bytes.NewReader(body))
	if err != nil {
		return report, err
	}
	request.Header.Set("Authorization", "Bearer "+layout.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return report, err
		}
		return report, fmt.Errorf("%w (its supervisor does not answer: %w)", ErrDown, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return report, fmt.Errorf("%w (somebody else answers at its address: %s)", ErrDown, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&report); err != nil {
		return report, err
	}
	if report.Error != "" {
		return report, errors.New(report.Error)
	}
	return report, nil
}
