# A sample application: jobs that take time, and some that fail.
require "sidekiq"

redis = {
  url: "rediss://worker@redis:6379/0",
  password: File.read("/run/secrets/redis-password").strip,
  ssl_params: { ca_file: "/run/secrets/ca.crt" }
}
Sidekiq.configure_server { |config| config.redis = redis }
Sidekiq.configure_client { |config| config.redis = redis }

class ChargeJob
  include Sidekiq::Job
  sidekiq_options queue: "critical", retry: 3

  def perform(_order)
    sleep rand(0.05..0.3)
    raise "the card was declined" if rand < 0.03
  end
end

class MailJob
  include Sidekiq::Job
  sidekiq_options queue: "mailers"

  def perform(_user) = sleep(rand(0.2..1.0))
end

class ReportJob
  include Sidekiq::Job

  def perform(_day) = sleep(rand(1.0..6.0))
end
