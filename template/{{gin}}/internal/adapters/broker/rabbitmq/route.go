package rabbitmq

import (
	"context"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"service/internal/about"
)

// route is the way that events go: an exchange and the queues behind it.
type route struct {
	// exchange is a topic exchange; empty for the default one.
	exchange string

	mutex sync.Mutex
	// isRead is closed when the service's queue is bound to the exchange: what is published before is for nobody.
	isRead chan struct{}
}

func newRoute(exchange string) *route {
	isRead := make(chan struct{})
	close(isRead) // As long as nobody in this process wants to read.
	return &route{exchange: exchange, isRead: isRead}
}

// expectReader makes whoever publishes wait until hasReader.
func (r *route) expectReader() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.exchange != "" {
		r.isRead = make(chan struct{})
	}
}

func (r *route) hasReader() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	select {
	case <-r.isRead:
	default:
		close(r.isRead)
	}
}

func (r *route) waitForReader(ctx context.Context) error {
	r.mutex.Lock()
	isRead := r.isRead
	r.mutex.Unlock()
	select {
	case <-isRead:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// declareQueues makes what the service reads from.
func (r *route) declareQueues(channel *amqp.Channel, types []string) ([]string, error) {
	if r.exchange == "" {
		for _, each := range types {
			if err := declareQueue(channel, each); err != nil {
				return nil, err
			}
		}
		return types, nil
	}
	queue := about.Name + "." + r.exchange
	if err := r.declareExchange(channel); err != nil {
		return nil, err
	}
	if err := declareQueue(channel, queue); err != nil {
		return nil, err
	}
	for _, each := range types {
		if err := channel.QueueBind(queue, each, r.exchange, false, nil); err != nil {
			return nil, err
		}
	}
	return []string{queue}, nil
}

func (r *route) declareExchange(channel *amqp.Channel) error {
	return channel.ExchangeDeclare(r.exchange, amqp.ExchangeTopic, true, false, false, false, nil)
}

// declareQueue makes a durable queue, unless it is there.
func declareQueue(channel *amqp.Channel, name string) error {
	_, err := channel.QueueDeclare(name, true, false, false, false, nil)
	return err
}
