/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A program on Asio that does the jobs of kit/job.rs: `asio listen ADDRESS PORT LIMIT
 * COUNT`, `asio connect ADDRESS PORT LIMIT JOB...`.
 *
 * Asio registers for edges, and after a send that took only a part it waits for one.
 */
#include "../kit/job.h"

#include <asio.hpp>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

using asio::ip::tcp;

namespace {

class connection : public std::enable_shared_from_this<connection>
{
public:
	explicit connection(tcp::socket &&socket) : socket_(std::move(socket))
	{
		head_.fill(' ');
	}

	void connect(const tcp::endpoint &address, const std::string &text)
	{
		is_known_ = begin_job(&job_, text.c_str(), 1);
		text.copy(head_.data(), HEAD);
		socket_.async_connect(address, [self = shared_from_this()](std::error_code error) {
			if (error)
				throw std::system_error(error, "connect");
			asio::async_write(self->socket_, asio::buffer(self->head_),
					  [self](std::error_code failed, std::size_t) {
						  self->sent(failed, 0);
					  });
			self->receive();
		});
	}

	void accepted()
	{
		asio::async_read(socket_, asio::buffer(head_),
				 [self = shared_from_this()](std::error_code error, std::size_t) {
					 if (error || !begin_job(&self->job_, self->head_.data(), 0))
						 throw std::runtime_error("head");
					 self->is_known_ = true;
					 self->sent({}, 0);
					 self->receive();
				 });
	}

	void report_if_unfinished() const
	{
		if (is_known_ && !has_ended(&job_))
			report(&job_);
	}

private:
	void sent(std::error_code error, std::size_t count)
	{
		job_.sent += count;
		if (error)
			return sending_ended(&job_, error.value());
		std::size_t length = 0;
		const unsigned char *piece = next_piece(&job_, &length);
		if (length == 0) {
			socket_.shutdown(tcp::socket::shutdown_send, error);
			return sending_ended(&job_, error.value());
		}
		asio::async_write(socket_, asio::buffer(piece, length),
				  [self = shared_from_this()](std::error_code failed, std::size_t done) {
					  self->sent(failed, done);
				  });
	}

	void receive()
	{
		socket_.async_read_some(
			asio::buffer(room_),
			[self = shared_from_this()](std::error_code error, std::size_t count) {
				came(&self->job_, self->room_.data(), count);
				if (error)
					receiving_ended(&self->job_,
							error == asio::error::eof ? 0 : error.value());
				else
					self->receive();
			});
	}

	tcp::socket socket_;
	struct job job_ = {};
	bool is_known_ = false;
	std::array<char, HEAD> head_;
	std::array<unsigned char, 65536> room_;
};

/* Of them, so that unfinished ones can be reported. */
std::vector<std::weak_ptr<connection>> all;

void accept(tcp::acceptor &acceptor, unsigned long expected)
{
	if (expected == 0)
		return;
	acceptor.async_accept([&acceptor, expected](std::error_code error, tcp::socket socket) {
		if (error)
			throw std::system_error(error, "accept");
		auto accepted = std::make_shared<connection>(std::move(socket));
		all.push_back(accepted);
		accepted->accepted();
		accept(acceptor, expected - 1);
	});
}

} // namespace

int main(int count, char **words)
{
	if (count < 6)
		return 2;
	asio::io_context context;
	tcp::endpoint address(asio::ip::make_address(words[2]),
			      static_cast<unsigned short>(std::stoul(words[3])));
	std::unique_ptr<tcp::acceptor> acceptor;
	if (std::string(words[1]) == "listen") {
		acceptor = std::make_unique<tcp::acceptor>(context, address);
		accept(*acceptor, std::stoul(words[5]));
	} else {
		for (int i = 5; i < count; i++) {
			auto connecting = std::make_shared<connection>(tcp::socket(context));
			all.push_back(connecting);
			connecting->connect(address, words[i]);
		}
	}
	context.run_for(std::chrono::seconds(std::stoul(words[4])));
	for (const auto &each : all)
		if (auto unfinished = each.lock())
			unfinished->report_if_unfinished();
	return context.stopped() ? 0 : 1;
}
