# A living Sidekiq: `sidekiq -r ./sidekiq-worker.rb -q work`. Quick ends well at once, Slow after a
# second, Broken fails at each attempt.
require "sidekiq"

class Quick
  include Sidekiq::Worker
  sidekiq_options queue: "work"
  def perform(*) = nil
end

class Slow
  include Sidekiq::Worker
  sidekiq_options queue: "work"
  def perform(*) = sleep(1)
end

class Broken
  include Sidekiq::Worker
  sidekiq_options queue: "work"
  def perform(*) = raise(TypeError, "broken")
end
