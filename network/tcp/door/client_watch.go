package door

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Watch calls a function for each change of a key, or of all that begin so, from a
// revision on (0: from now on), until it returns false or the context ends; ready is
// called, if it is not nil, each time that a node has begun to tell. If a node goes
// another one is asked for what comes next. The error is a Fault "compacted" if that
// is not known any more.
func (c *Client) Watch(
	ctx context.Context, key string, prefix bool, from uint64, ready func(revision uint64), tell func(Change) bool,
) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		err := c.retry(ctx, false, func(node string) error {
			return c.follow(ctx, node, key, prefix, &from, ready, tell)
		})
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if fault, ok := errors.AsType[*Fault](err); ok && final(fault) {
			return err
		}
	}
}

// errGone is the end of a watch whose node is gone.
var errGone = errors.New("the node tells no more")

// follow watches at one node. It returns nil when nothing more is wanted.
func (c *Client) follow(
	ctx context.Context, node, key string, prefix bool, from *uint64, ready func(uint64), tell func(Change) bool,
) error {
	path := "/v1/watch/" + escape(key) + "?prefix=" + strconv.FormatBool(prefix)
	if *from > 0 {
		path += "&from=" + strconv.FormatUint(*from, 10)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+node+path, nil)
	if err != nil {
		return err
	}
	response, err := c.web.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return readAnswer(response, nil)
	}
	return c.readEvents(response.Body, from, ready, tell)
}

// readEvents reads server-sent events. The changes of a revision are told together,
// when all are there, and then from is moved on.
func (c *Client) readEvents(body io.Reader, from *uint64, ready func(uint64), tell func(Change) bool) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4*ValueMost)
	var event, id string
	var group []Change
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "id":
			id = value
		}
		if name != "data" || event != "ready" && event != "change" {
			continue
		}
		var change Change
		if err := json.Unmarshal([]byte(value), &change); err != nil {
			return fmt.Errorf("the node tells %.200s: %w", value, err)
		}
		if event == "ready" {
			*from = max(*from, change.Revision+1)
			if ready != nil {
				ready(change.Revision)
			}
			continue
		}
		if group = append(group, change); id == "" {
			continue
		}
		for _, change := range group {
			if !tell(change) {
				return nil
			}
		}
		*from, group, id = change.Revision+1, nil, ""
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errGone
}
