package door

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/protocols/machine"
)

// metrics are a node's, for Prometheus.
type metrics struct {
	registry *prometheus.Registry
	latency  *prometheus.HistogramVec
	// Those of it that are at hand without a search by label.
	operations             map[machine.Op]prometheus.Observer
	transactions, sessions prometheus.Observer
	persist                prometheus.Histogram
	fsync                  prometheus.Histogram
	faults                 *prometheus.CounterVec
	roles                  *prometheus.CounterVec
	led                    prometheus.Counter

	// handed holds when the Persists under way were handed over. Only the loop
	// uses it.
	handed []handed
}

type handed struct {
	mark uint64
	at   time.Time
}

// latencies are the buckets of histograms, in seconds: from 50 µs to 13 s.
func latencies() []float64 { return prometheus.ExponentialBuckets(50e-6, 2, 19) }

func newMetrics(d *Door) *metrics {
	constant := prometheus.Labels{"node": strconv.Itoa(int(d.config.ID))}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name, Help: help, Buckets: latencies(), ConstLabels: constant,
		})
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "quorumlab_request_seconds", Help: "From a client's request to its answer, by operation; a write is committed then.",
			Buckets: latencies(), ConstLabels: constant,
		}, []string{"operation"}),
		persist: histogram("quorumlab_persist_seconds", "From the node's wish to write to its being told that it is on stable storage."),
		fsync:   histogram("quorumlab_fsync_seconds", "What a force of the disk takes."),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumlab_request_faults_total", Help: "Requests that were not answered, by kind of error.", ConstLabels: constant,
		}, []string{"error"}),
		roles: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quorumlab_role_changes_total", Help: "How often the node took up a role; to look for a leader is an election.", ConstLabels: constant,
		}, []string{"role"}),
		led: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "quorumlab_led_total", Help: "How often the node became the established leader.", ConstLabels: constant,
		}),
	}
	m.operations = map[machine.Op]prometheus.Observer{}
	for _, op := range operations {
		m.operations[op] = m.latency.WithLabelValues(string(op))
	}
	m.transactions, m.sessions = m.latency.WithLabelValues("txn"), m.latency.WithLabelValues("session")
	m.registry.MustRegister(
		m.latency, m.persist, m.fsync, m.faults, m.roles, m.led, newFigures(d, constant),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// observe takes note of what a step says about disk and roles.
func (m *metrics) observe(step tcp.Step) {
	if persisted, ok := step.Event.(protocols.Persisted); ok {
		now := time.Now()
		for len(m.handed) > 0 && m.handed[0].mark <= persisted.Mark {
			m.persist.Observe(now.Sub(m.handed[0].at).Seconds())
			m.handed = m.handed[1:]
		}
	}
	for _, effect := range step.Effects {
		switch e := effect.(type) {
		case protocols.Persist:
			m.handed = append(m.handed, handed{e.Mark, time.Now()})
		case protocols.Note:
			switch e.Kind {
			case protocols.Role:
				m.roles.WithLabelValues(e.Text).Inc()
			case protocols.Leading:
				m.led.Inc()
			}
		}
	}
}

// figures are read when they are asked for.
type figures struct {
	door                                                                                *Door
	leading, epoch, steps, mailbox, requests, requestBytes, accepted, rejected, watches *prometheus.Desc
	connected, connects, breaks, sent, received, lost, bytesOut, bytesIn, queueBytes    *prometheus.Desc
}

func newFigures(d *Door, constant prometheus.Labels) *figures {
	one := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("quorumlab_"+name, help, labels, constant)
	}
	return &figures{
		door:         d,
		leading:      one("leading", "1 if the node is the established leader."),
		epoch:        one("epoch", "The highest epoch (ballot) that the node knows."),
		steps:        one("steps_total", "Steps of the node."),
		mailbox:      one("mailbox_events", "Events that wait for the node."),
		requests:     one("requests_under_way", "Clients' requests that wait for an answer."),
		requestBytes: one("request_bytes", "Bytes of their commands."),
		accepted:     one("connections_accepted_total", "Connections that came in at the peers' port."),
		rejected:     one("connections_rejected_total", "Those of them that were turned away."),
		watches:      one("watches", "Clients that watch."),
		connected:    one("peer_connected", "1 if there is a connection with the peer.", "peer"),
		connects:     one("peer_connects_total", "Connections with the peer so far.", "peer"),
		breaks:       one("peer_breaks_total", "Those of them that broke.", "peer"),
		sent:         one("peer_messages_sent_total", "Messages sent to the peer.", "peer"),
		received:     one("peer_messages_received_total", "Messages received from the peer.", "peer"),
		lost:         one("peer_messages_lost_total", "Messages for which there was no connection or no room.", "peer"),
		bytesOut:     one("peer_bytes_sent_total", "Bytes sent to the peer.", "peer"),
		bytesIn:      one("peer_bytes_received_total", "Bytes received from the peer.", "peer"),
		queueBytes:   one("peer_queue_bytes", "Bytes that wait for the peer.", "peer"),
	}
}

// Describe implements prometheus.Collector.
func (f *figures) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(f, out) }

// Collect implements prometheus.Collector.
func (f *figures) Collect(out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	counter := func(desc *prometheus.Desc, value uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
	}
	_, leading, epoch := f.door.view.role()
	gauge(f.leading, zeroOrOne(leading))
	gauge(f.epoch, float64(epoch))
	gauge(f.watches, float64(f.door.watches.count()))
	node := f.door.node.Load()
	if node == nil {
		return
	}
	s := (*node).Stats()
	counter(f.steps, s.Steps)
	counter(f.accepted, s.Accepted)
	counter(f.rejected, s.Rejected)
	gauge(f.mailbox, float64(s.Mailbox))
	gauge(f.requests, float64(s.Requests))
	gauge(f.requestBytes, float64(s.RequestBytes))
	for _, p := range s.Peers {
		peer := strconv.Itoa(int(p.ID))
		gauge(f.connected, zeroOrOne(p.Connected), peer)
		gauge(f.queueBytes, float64(p.Queued), peer)
		for desc, value := range map[*prometheus.Desc]uint64{
			f.connects: p.Connects, f.breaks: p.Breaks, f.sent: p.Sent, f.received: p.Received, f.lost: p.Lost,
			f.bytesOut: p.BytesOut, f.bytesIn: p.BytesIn,
		} {
			counter(desc, value, peer)
		}
	}
}

func zeroOrOne(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
