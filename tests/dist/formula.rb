# Runs a Homebrew formula's install and test as brew would, in the current folder: a stand-in for the part of brew's
# language that the formula uses.
#
#     ruby formula.rb FORMULA PREFIX
require "pathname"

class Pathname
  def install(names)
    mkpath
    names.each { |from, to| (self + to).write(File.read(from)) }
  end
end

class Formula
  attr_reader :prefix

  class << self
    attr_reader :said, :test_block

    %i[desc homepage url sha256 license depends_on uses_from_macos].each do |word|
      define_method(word) { |*values| ((@said ||= {})[word] ||= []) << values.first }
    end

    def service(&) = nil

    def test(&block) = @test_block = block
  end

  def initialize(prefix) = @prefix = Pathname(prefix)

  def bin = prefix + "bin"

  def etc = prefix + "etc"

  def version = self.class.said[:url].first[/reverb-(.*)\.tar\.gz/, 1]

  def system(*words) = Kernel.system(*words, out: :err) || raise("#{words.join(' ')} failed")

  def shell_output(command) = `#{command}`

  def assert_equal(expected, actual)
    raise "#{actual} in place of #{expected}" if expected != actual
  end
end

load ARGV[0]
formula = Reverb.new(ARGV[1])
formula.install
formula.instance_eval(&Reverb.test_block)
Reverb.said.each { |word, values| values.each { |value| puts "#{word} #{value.is_a?(Hash) ? value.keys.first : value}" } }
