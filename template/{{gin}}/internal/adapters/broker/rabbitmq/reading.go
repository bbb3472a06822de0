package rabbitmq

import (
	"context"
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"service/internal/platform/workers"
	"service/internal/ports"
)

// prefetch is how many messages may be under way at the same time.
const prefetch = 100

var errLost = errors.New("the connection, or a queue, is gone")

// reading reads from queues, until it breaks off or is stopped.
type reading struct {
	channel *amqp.Channel
	receive ports.Receive
	// goesOn ends when it is stopped or has broken off, and handling a while later.
	goesOn   context.Context
	breakOff context.CancelCauseFunc
	handling context.Context
	finished context.CancelFunc
	underWay sync.WaitGroup
}

func newReading(ctx context.Context, channel *amqp.Channel, receive ports.Receive) *reading {
	goesOn, breakOff := context.WithCancelCause(ctx)
	handling, finished := workers.Finishing(goesOn)
	return &reading{
		channel: channel, receive: receive,
		goesOn: goesOn, breakOff: breakOff, handling: handling, finished: finished,
	}
}

func (r *reading) start(queues []string) error {
	if err := r.channel.Qos(prefetch, 0, false); err != nil {
		return err
	}
	for _, queue := range queues {
		deliveries, err := r.channel.Consume(queue, queue, false, false, false, false, nil)
		if err != nil {
			r.breakOff(err)
			return err
		}
		r.underWay.Go(func() { r.read(queue, deliveries) })
	}
	return nil
}

// untilStopped returns when what has begun is done.
func (r *reading) untilStopped() error {
	defer r.finished()
	<-r.goesOn.Done()
	r.underWay.Wait()
	// Or the connection could be closed before the last messages are acknowledged.
	_ = r.channel.Close()
	return context.Cause(r.goesOn)
}

func (r *reading) read(consumer string, deliveries <-chan amqp.Delivery) {
	for {
		select {
		case delivery, isThere := <-deliveries:
			if !isThere {
				r.breakOff(errLost)
				return
			}
			handle := r.receive(delivery.Body)
			r.underWay.Go(func() { r.handle(delivery, handle) })
		case <-r.goesOn.Done():
			_ = r.channel.Cancel(consumer, false)
			return
		}
	}
}

func (r *reading) handle(delivery amqp.Delivery, handle func(ctx context.Context) error) {
	if err := handle(r.handling); err != nil {
		r.breakOff(err)
		return
	}
	_ = delivery.Ack(false) // A message whose connection is gone comes again, and is known then.
}
